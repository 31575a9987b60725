import type { Head } from "../http1/head-reader.ts";
import { parseAnswer, type AgentAnswer, type ParsedAnswer } from "../http1/parse-answer.ts";
import { answerLines, withoutLength } from "./headers.ts";

/** An answer with the lines of it that the client gets. */
export type ReadyAnswer = AgentAnswer & { readonly lines: string };

export type ParsedReadyAnswer =
  { readonly kind: "answer"; readonly answer: ReadyAnswer } | Extract<ParsedAnswer, { kind: "malformed" }>;

export function parseReadyAnswer(head: Head, method: string): ParsedReadyAnswer {
  const parsed = parseAnswer(head, method);
  if (parsed.kind === "malformed") return parsed;
  const { status, fields } = parsed.answer;
  const lines = answerLines(status === 204 || status < 200 ? withoutLength(fields) : fields);
  return { kind: "answer", answer: { ...parsed.answer, lines } };
}
