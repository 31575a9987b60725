import type { HttpAnswer } from "./http.ts";
import { refused } from "./failure.ts";
import { nestsTooDeep } from "./json-depth.ts";
import { printable } from "./registry-problem.ts";

/** The most that one document of a registry may have: as much as the specification lets a manifest have. */
export const MAX_DOCUMENT_BYTES = 4_194_304;

/** The JSON of an answer, by a schema. Throws `ReleaseError` `registry_refused`; `what` names it in the message. */
export function parseJsonAnswer<T>(answer: HttpAnswer, what: string, schema: { parse(value: unknown): T }): T {
  requireSize(answer, what);
  if (nestsTooDeep(answer.body)) throw unfit(answer, what, "a document of hostile depth");
  try {
    return schema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(answer.body)));
  } catch (cause) {
    throw unfit(answer, what, `${answer.body.length} bytes of ${mediaTypeOf(answer) || "no media type"}`, cause);
  }
}

export function requireSize(answer: HttpAnswer, what: string): void {
  if (answer.body.length > MAX_DOCUMENT_BYTES) throw unfit(answer, what, `more than ${MAX_DOCUMENT_BYTES} bytes`);
}

/** A web page comes from something that is no registry, whatever its status. */
export function requireNoPage(answer: HttpAnswer, what: string): void {
  if (mediaTypeOf(answer) === "text/html") throw unfit(answer, what, `a web page with status ${answer.status}`);
}

/** Lower case, without parameters; empty when the answer does not say. */
export function mediaTypeOf({ headers }: Pick<HttpAnswer, "headers">): string {
  const [type = ""] = (headers.get("content-type") ?? "").split(";", 1);
  return printable(type).toLowerCase();
}

export function unfit(...[{ url }, what, found, cause]: [Pick<HttpAnswer, "url">, string, string, unknown?]): Error {
  return refused({
    message: `${new URL(url).host} answered with ${found}, expected ${what}`,
    hint: "is the location that of an OCI registry, and not of something in front of it?",
    cause,
  });
}
