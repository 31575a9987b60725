import { z } from "zod";
import type { HttpAnswer } from "./http.ts";
import { nestsTooDeep } from "./json-depth.ts";

const problemSchema = z.object({
  errors: z.array(z.object({ code: z.string().optional(), message: z.string().optional() })).min(1),
});
const LONGEST = 300;
// Control characters, and those that turn the direction of text: a terminal would obey them.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** What a registry says of its refusal, as ` (CODE: message)`; empty when it says nothing that can be shown. */
export function parseRegistryProblem({ body }: Pick<HttpAnswer, "body">, secrets: readonly string[]): string {
  const parsed = problemSchema.safeParse(parseJson(body));
  const [first] = parsed.success ? parsed.data.errors : [];
  const said = [first?.code, first?.message].filter((part) => part !== undefined && part !== "").join(": ");
  const concealed = secrets.reduce((text, secret) => text.replaceAll(secret, "…"), said);
  return concealed === "" ? "" : ` (${printable(concealed)})`;
}

/** Text of an unknown origin, bounded and without what a terminal would obey. */
export function printable(text: string): string {
  const cleaned = text
    .slice(0, 10 * LONGEST)
    .replace(UNPRINTABLE, " ")
    .trim();
  return cleaned.length > LONGEST ? `${cleaned.slice(0, LONGEST)}…` : cleaned;
}

function parseJson(body: Uint8Array): unknown {
  if (nestsTooDeep(body)) return null;
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    // An error page of something in between: the status alone has to do.
    return null;
  }
}
