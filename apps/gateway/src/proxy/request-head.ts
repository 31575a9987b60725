import type { IncomingMessage } from "node:http";
import type { RequestHead } from "@perch/domain";

/** The head of a request that Node parsed. */
export function requestHeadOf(request: IncomingMessage, { path, query }: { path: string; query: string }): RequestHead {
  return {
    method: request.method ?? "GET",
    path,
    query,
    header(name) {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}
