import { expect, test } from "vitest";
import { permissionFor, type Command } from "./command-permission.ts";
import type { Phase } from "./phase-words.ts";

const COMMANDS: readonly Command[] = ["rollback", "pause", "resume", "promote", "abort"];
const OFFERED: Record<Phase, readonly Command[]> = {
  Pending: ["abort"],
  Preparing: ["abort"],
  Shifting: ["rollback", "pause", "promote", "abort"],
  Baking: ["rollback", "pause", "promote", "abort"],
  Paused: ["rollback", "resume", "promote", "abort"],
  Promoting: ["rollback"],
  Succeeded: ["rollback"],
  RollingBack: [],
  RolledBack: [],
  Aborting: [],
  Aborted: [],
  Failed: [],
};

test.each(Object.entries(OFFERED))("a rollout that is %s offers %j", (phase, offered) => {
  const allowed = COMMANDS.filter((command) => permissionFor(command, phase as Phase).kind === "allowed");
  expect(allowed).toEqual(offered);
});

test("a command that is not offered says why", () => {
  expect(permissionFor("rollback", "RolledBack")).toEqual({ kind: "refused", because: "the rollout has ended" });
});
