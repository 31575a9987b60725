import { expect, test } from "vitest";
import { commandsShown, permissionFor, type Command } from "./command-permission.ts";
import type { Phase } from "./phase-words.ts";

const COMMANDS: readonly Command[] = ["rollback", "pause", "resume", "promote", "abort"];
const OFFERED: Record<Phase, readonly Command[]> = {
  Pending: ["abort"],
  Preparing: ["abort"],
  Shadowing: ["rollback", "pause", "resume", "abort"],
  Shifting: ["rollback", "pause", "promote", "abort"],
  Baking: ["rollback", "pause", "promote", "abort"],
  Paused: ["rollback", "resume", "promote", "abort"],
  Promoting: ["rollback"],
  Succeeded: ["rollback"],
  RollingBack: [],
  RolledBack: [],
  Aborting: [],
  Aborted: [],
  Superseding: [],
  Superseded: [],
  Failed: [],
};
const CASES = Object.entries(OFFERED).map(([phase, offered]) => ({ phase: phase as Phase, offered }));

test.each(CASES)("a rollout that is $phase offers $offered", ({ phase, offered }) => {
  expect(
    COMMANDS.filter((command) => permissionFor(command, { phase, announcement: null }).kind === "allowed"),
  ).toEqual(offered);
});

test("every offered command has a button, and rolling back has one in every phase", () => {
  for (const { phase, offered } of CASES) {
    expect(commandsShown({ phase, announcement: null })).toEqual(expect.arrayContaining([...offered, "rollback"]));
  }
});

test("a command that is not offered says why", () => {
  expect(permissionFor("rollback", { phase: "RolledBack", announcement: null })).toEqual({
    kind: "refused",
    because: "the rollout has ended",
  });
});

const ANNOUNCED = { announcedAt: 0, executesAt: 60_000, culprits: ["escalation-rate"], reason: "worse" };

test("a rollback that is announced can be undone, before and after the promotion, and not resumed around", () => {
  for (const phase of ["Paused", "Succeeded"] as const) {
    const standing = { phase, announcement: ANNOUNCED };
    expect(commandsShown(standing)[0]).toBe("undo");
    expect(commandsShown(standing)).toContain("rollback");
    expect(permissionFor("undo", standing)).toEqual({ kind: "allowed" });
    expect(permissionFor("resume", standing).kind).toBe("refused");
  }
});

test("where no rollback is announced there is nothing to undo", () => {
  const standing = { phase: "Succeeded", announcement: null } as const;
  expect(commandsShown(standing)).not.toContain("undo");
  expect(permissionFor("undo", standing)).toEqual({ kind: "refused", because: "no rollback is announced" });
});
