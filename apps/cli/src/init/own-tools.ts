import type { ToolDraft } from "./tool-draft.ts";

const HAND_OVER: ToolDraft = {
  name: "escalate_to_human",
  description: "Asks a person to take the conversation over. Use it when the user wants one or when you cannot help.",
  effect: "write",
  parameters: {
    type: "object",
    properties: { reason: { type: "string", description: "Why a person is needed", minLength: 1, maxLength: 400 } },
    required: ["reason"],
    additionalProperties: false,
  },
  result: null,
  authRef: null,
  origin: "app/tools.mjs",
};

const CURRENT_TIME: ToolDraft = {
  name: "current_time",
  description: "Tells the current date and time in a time zone.",
  effect: "read",
  parameters: {
    type: "object",
    properties: { timeZone: { type: "string", description: 'An IANA name such as "Europe/Berlin"; UTC without it' } },
    additionalProperties: false,
  },
  result: null,
  authRef: null,
  origin: "app/tools.mjs",
};

/** What the program that `perch init` lays out can do by itself. The clock is an example for agents without tools. */
export function ownTools(imported: readonly ToolDraft[]): readonly ToolDraft[] {
  const taken = new Set(imported.map(({ name }) => name.toLowerCase()));
  const own = imported.length === 0 ? [CURRENT_TIME, HAND_OVER] : [HAND_OVER];
  return own.filter(({ name }) => !taken.has(name));
}

/** The tools whose call counts as an escalation, by the name that the program uses too. */
export function escalationTools(tools: readonly ToolDraft[]): readonly string[] {
  return tools.map(({ name }) => name).filter((name) => name === HAND_OVER.name);
}
