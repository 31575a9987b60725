import { TASK_STATES, type TaskState } from "./turn-record.ts";

/** Where A2A puts the state of a task in a JSON-RPC result: plain (0.2 and 0.3) or wrapped by its kind (1.0). */
export const TASK_STATE_PLACES = [
  "/result/status/state",
  "/result/task/status/state",
  "/result/statusUpdate/status/state",
] as const;

/** `input-required`, and what version 1.0 makes of it: `TASK_STATE_INPUT_REQUIRED`. Null for anything else. */
export function parseTaskState(text: string): TaskState | null {
  const name = text
    .replace(/^TASK_STATE_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  if (name === "cancelled") return "canceled";
  return TASK_STATES.find((state) => state === name) ?? null;
}
