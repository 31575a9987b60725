import { printNote } from "./output.ts";

type Reported = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly problems: readonly Problem[];
};
type Problem = {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
};

/**
 * Prints a failure to stderr: what was found and expected, every problem with its place, what to do. With `asJson` as
 * the body that the HTTP API would answer. A stack trace appears only for what nobody expected. Gives the exit code.
 */
export function reportFailure(error: unknown, asJson: boolean): 1 | 2 {
  const known = knownFailure(error);
  const reported = known ?? unexpected(error);
  if (asJson) printNote(JSON.stringify({ error: jsonOf(reported) }));
  else printNote(textOf(reported));
  if (known === null && error instanceof Error && error.stack !== undefined) printNote(error.stack);
  return reported.code === "usage" ? 2 : 1;
}

// Every package's error class has a code, a message and a hint; which class it is does not matter here.
function knownFailure(error: unknown): Reported | null {
  if (!(error instanceof Error) || !("code" in error) || !("hint" in error)) return null;
  if (typeof error.code !== "string" || typeof error.hint !== "string") return null;
  const problems = "problems" in error && Array.isArray(error.problems) ? error.problems : [];
  return { code: error.code, message: error.message, hint: error.hint, problems: problems.flatMap(parseProblem) };
}

function parseProblem(value: unknown): Reported["problems"] {
  if (typeof value !== "object" || value === null || !("message" in value)) return [];
  return [
    {
      message: String(value.message),
      ...("file" in value && typeof value.file === "string" ? { file: value.file } : {}),
      ...("line" in value && typeof value.line === "number" ? { line: value.line } : {}),
      ...("column" in value && typeof value.column === "number" ? { column: value.column } : {}),
    },
  ];
}

function unexpected(error: unknown): Reported {
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "unexpected",
    message: `found a failure that perch does not know: ${message}`,
    hint: "this is probably a mistake in perch: please report it with what follows",
    problems: [],
  };
}

function jsonOf({ code, message, hint, problems }: Reported): Reported | Omit<Reported, "problems"> {
  return problems.length === 0 ? { code, message, hint } : { code, message, hint, problems };
}

const MOST_PROBLEMS = 50;

function textOf({ message, hint, problems }: Reported): string {
  const left = problems.length - MOST_PROBLEMS;
  return [
    `error: ${message}`,
    ...problems.slice(0, MOST_PROBLEMS).map((problem) => `  ${placeText(problem)}${problem.message}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
    `hint: ${hint}`,
  ].join("\n");
}

// `tools/refund.json:3:5  `, as editors and terminals know it.
function placeText({ file, line, column }: Problem): string {
  const place = [file ?? [], line === undefined ? [] : [line, column ?? 1]].flat().join(":");
  return place === "" ? "" : `${place}  `;
}
