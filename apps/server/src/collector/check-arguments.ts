import { readToolArguments, type RawSpan, type Span } from "@perch/domain";
import type { ArgumentsCheck } from "../sessions/known-releases.ts";

/** Finds the schemas for the arguments of a tool. */
export type ChecksOf = (tool: string) => readonly ArgumentsCheck[];

/**
 * The span, with the schemas that refuse the arguments of its tool call. Whose release it is may only be known later, when
 * the arguments are gone: so all known schemas are asked, and the session's own counts.
 */
export function checkArguments(raw: RawSpan, span: Span, checksOf: ChecksOf): Span {
  const { tool, dialect } = span;
  if (tool === null || dialect === null) return span;
  const checks = checksOf(tool.name);
  const given = checks.length === 0 ? null : readToolArguments(raw, dialect);
  if (given === null) return span;
  const refusing = checks.filter(({ accepts }) => !accepts(given)).map(({ schema }) => schema);
  return refusing.length === 0 ? span : { ...span, tool: { ...tool, invalidUnder: refusing.toSorted() } };
}
