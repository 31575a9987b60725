import type { RequestHead } from "@perch/domain";
import { fieldOf } from "../http1/fields.ts";
import type { ClientRequest } from "../http1/parse-request.ts";

/** The head of a request as session extractors read it. */
export function requestHeadOf({ method, path, query, fields }: ClientRequest): RequestHead {
  return { method, path, query, header: (name) => fieldOf(fields, name) };
}
