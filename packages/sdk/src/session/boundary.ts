import type { ServerResponse } from "node:http";
import { currentScope } from "../turn/turn-scope.ts";

export type Boundary = {
  /** After this answer the session may go on at another release. False: it is too late to say so, or nobody asked. */
  safe(): boolean;
  /** With this answer the session is over. False: the head of the answer, where that has to be said, is out. */
  end(): boolean;
};

const BOUNDARY = "x-perch-boundary";

export const boundary: Boundary = {
  safe() {
    const response = openAnswer();
    return response !== null && say(response, "safe");
  },
  end() {
    const response = openAnswer();
    if (response === null) return false;
    const isInTime = !response.headersSent;
    if (isInTime) response.setHeader("x-perch-session-end", "1");
    say(response, "end");
    return isInTime;
  },
};

function openAnswer(): ServerResponse | null {
  const response = currentScope()?.response ?? null;
  return response === null || response.writableEnded ? null : response;
}

/** In the head, or behind a body that is sent in chunks. */
function say(response: ServerResponse, value: "safe" | "end"): boolean {
  if (!response.headersSent) response.setHeader(BOUNDARY, value);
  else if (response.chunkedEncoding) response.addTrailers({ [BOUNDARY]: value });
  else return false;
  return true;
}
