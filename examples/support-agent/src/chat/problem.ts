import type { ServerResponse } from "node:http";

export type Problem = { readonly code: string; readonly message: string; readonly hint: string };

/** The same body for every answer of 400 and above. */
export function sendProblem(response: ServerResponse, status: number, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: problem }));
}
