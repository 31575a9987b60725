import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { WINDOW } from "./policy-schema.ts";
import type { RolloutSpecProblem } from "./spec-problem.ts";

// A tolerant reading: whatever has the wrong form is absent here, and the strict schema has already complained about it.
const text = z.string().optional().catch(undefined);
const looseSpec = z
  .object({
    rollback: z
      .object({
        automatic: z.boolean().optional().catch(undefined),
        undoWindow: text,
        window: z.object({ duration: text }).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
    promotion: z.object({ bakeTime: text }).optional().catch(undefined),
  })
  .catch({});
const looseFile = z.object({ spec: looseSpec }).catch({ spec: {} });
type LooseSpec = z.infer<typeof looseSpec>;

/** Policies that would have no effect beside what else the file says. Works on any input. */
export function checkPolicies(file: unknown): readonly RolloutSpecProblem[] {
  const { spec } = looseFile.parse(file);
  return [...checkUndoWindow(spec), ...checkBakeTime(spec)];
}

function checkUndoWindow({ rollback }: LooseSpec): RolloutSpecProblem[] {
  const undoWindow = rollback?.undoWindow;
  if (rollback?.automatic !== false || undoWindow === undefined || !(millisecondsOf(undoWindow) > 0)) return [];
  const message = `found ${undoWindow} beside automatic: false, expected none: a rollback that a person orders is carried out at once, so there is nothing to undo`;
  return [{ path: ["spec", "rollback", "undoWindow"], message }];
}

/** Harm can take a promotion back only while it can be rolled back at all. */
function checkBakeTime({ rollback, promotion }: LooseSpec): RolloutSpecProblem[] {
  const bakeTime = promotion?.bakeTime;
  const window = rollback?.window?.duration ?? WINDOW.duration;
  if (bakeTime === undefined || !(millisecondsOf(bakeTime) > millisecondsOf(window))) return [];
  const message = `found ${bakeTime}, expected at most ${window}: after rollback.window.duration nothing is rolled back any more; make that longer, or this shorter`;
  return [{ path: ["spec", "promotion", "bakeTime"], message }];
}

function millisecondsOf(text: string): number {
  return parseDurationMs(text) ?? Number.NaN;
}
