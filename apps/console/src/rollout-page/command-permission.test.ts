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
  expect(COMMANDS.filter((command) => permissionFor(command, phase).kind === "allowed")).toEqual(offered);
});

test("every offered command has a button, and rolling back has one in every phase", () => {
  for (const { phase, offered } of CASES) {
    expect(commandsShown(phase)).toEqual(expect.arrayContaining([...offered, "rollback"]));
  }
});

test("a command that is not offered says why", () => {
  expect(permissionFor("rollback", "RolledBack")).toEqual({ kind: "refused", because: "the rollout has ended" });
});
