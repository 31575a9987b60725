import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { CliError } from "../cli-error.ts";

const toolCallSchema = z.object({ id: z.string().optional(), name: z.string(), arguments: z.unknown().optional() });

const recordedTurnSchema = z.object({
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string().nullish(),
  tool_calls: z.array(toolCallSchema).optional(),
  tool_name: z.string().optional(),
  tool_call_id: z.string().optional(),
  tool_result: z.unknown().optional(),
  error: z.unknown().optional(),
});

const recordedSessionSchema = z.object({
  cohort: z.string(),
  model: z.string(),
  agent: z.string(),
  task_id: z.string(),
  trial: z.number().int(),
  session_id: z.string(),
  reward: z.number().min(0).max(1),
  outcome: z.enum(["success", "failure", "error"]),
  error: z.object({ type: z.string(), message: z.string() }).optional(),
  turns: z.array(recordedTurnSchema),
});
/** One recorded session; fields that replay does not use are ignored. */
export type RecordedSession = z.infer<typeof recordedSessionSchema>;
export type RecordedTurn = z.infer<typeof recordedTurnSchema>;

const selectorSchema = z.union([
  z.strictObject({
    cohort: z.string(),
    trials: z.array(z.number().int()).optional(),
    first_tasks: z.number().int().positive().optional(),
  }),
  z.strictObject({ session_ids: z.array(z.string()).min(1) }),
]);
export type Selector = z.infer<typeof selectorSchema>;

const pairsSchema = z.array(
  z.object({ id: z.string(), baseline: selectorSchema, canary: selectorSchema, known_answer: z.string().optional() }),
);
export type Pair = z.infer<typeof pairsSchema>[number];

/** Throws `CliError` `input_invalid` naming every entry that is wrong. */
export function readPairs(file: string): readonly Pair[] {
  const parsed = pairsSchema.safeParse(parseJson(readText(file), file));
  if (parsed.success) return parsed.data;
  throw new CliError({
    code: "input_invalid",
    message: `${file} is not a list of pairs:\n${z.prettifyError(parsed.error)}`,
    hint: "a pair is { id, baseline, canary }; a side is { cohort, trials?, first_tasks? } or { session_ids }",
  });
}

/** Every `*.jsonl` and `*.jsonl.gz` of the directory, in the order of file name and line. */
export function readRecordings(directory: string): readonly RecordedSession[] {
  const files = list(directory).filter((name) => /\.jsonl(\.gz)?$/.test(name));
  if (files.length === 0) {
    throw new CliError({
      code: "input_invalid",
      message: `${directory} holds no *.jsonl or *.jsonl.gz file`,
      hint: "--data names the directory of the recorded sessions",
    });
  }
  return files.flatMap((name) => readFile(join(directory, name)));
}

/** The sessions of one side, in recorded order; ids that repeat give the session as often as they stand there. */
export function select(recordings: readonly RecordedSession[], selector: Selector): readonly RecordedSession[] {
  const chosen = "session_ids" in selector ? byIds(recordings, selector.session_ids) : byCohort(recordings, selector);
  if (chosen.length > 0) return chosen;
  throw new CliError({
    code: "input_invalid",
    message: `no recorded session fits ${JSON.stringify(selector)}`,
    hint: `cohorts found: ${[...new Set(recordings.map((session) => session.cohort))].join(", ")}`,
  });
}

function byCohort(
  recordings: readonly RecordedSession[],
  selector: Exclude<Selector, { session_ids: string[] }>,
): readonly RecordedSession[] {
  const cohort = recordings.filter(
    (session) =>
      session.cohort === selector.cohort && (selector.trials === undefined || selector.trials.includes(session.trial)),
  );
  if (selector.first_tasks === undefined) return cohort;
  const tasks = new Set([...new Set(cohort.map((session) => session.task_id))].slice(0, selector.first_tasks));
  return cohort.filter((session) => tasks.has(session.task_id));
}

function byIds(recordings: readonly RecordedSession[], ids: readonly string[]): readonly RecordedSession[] {
  const byId = new Map(recordings.map((session) => [session.session_id, session]));
  return ids.map((id) => {
    const session = byId.get(id);
    if (session !== undefined) return session;
    throw new CliError({
      code: "input_invalid",
      message: `no recorded session has the id ${JSON.stringify(id)}`,
      hint: "check that --data holds the recordings that the pairs file was made for",
    });
  });
}

function readFile(file: string): readonly RecordedSession[] {
  const lines = readText(file).split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const parsed = recordedSessionSchema.safeParse(parseJson(line, `${file}, line ${index + 1}`));
    if (parsed.success) return [parsed.data];
    throw new CliError({
      code: "input_invalid",
      message: `${file}, line ${index + 1} is not a recorded session:\n${z.prettifyError(parsed.error)}`,
      hint: "the README beside the recordings describes the form",
    });
  });
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError({
      code: "input_invalid",
      message: `${where} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "the file may be cut off: fetch it again",
      cause,
    });
  }
}

function unreadable(path: string, cause: unknown): CliError {
  return new CliError({
    code: "input_invalid",
    message: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "check the path and its permissions",
    cause,
  });
}
