// A process of its own: every release of the agent at a port of its own. Each writes down what it is asked, by itself.
// Arguments: the releases' names. Prints one JSON line with their URLs; `GET /-/turns` of any gives all that was written.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";

/** What a client tells an agent of its request, beside what the gateway reads. */
export type Asked = {
  readonly attempt: number;
  readonly conversation: string;
  readonly teaches: "mcp" | "responses" | null;
  readonly isLast: boolean;
  readonly delayMs: number;
};
export type Said = { readonly attempt: number; readonly conversation: string; readonly release: string };

const written: string[] = [];

function answer(asked: Asked, release: string, response: ServerResponse): void {
  const { attempt, conversation, teaches } = asked;
  const said: Said & { id?: string } = { attempt, conversation, release };
  if (teaches === "responses") said.id = `resp_${randomUUID()}`;
  if (teaches === "mcp") response.setHeader("mcp-session-id", `mcp-${randomUUID()}`);
  if (asked.isLast) response.setHeader("x-perch-session-end", "1");
  response.setHeader("content-type", "application/json").end(JSON.stringify(said));
}

function handle(request: IncomingMessage, response: ServerResponse, release: string): void {
  if (request.url === "/-/turns") {
    response.end(written.join("\n"));
    return;
  }
  // Whoever looks whether somebody is here has no turn to ask for.
  if (request.method === "GET") {
    response.end();
    return;
  }
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (text += chunk));
  request.on("end", () => {
    const asked = parseAsked(text);
    written.push(`${asked.attempt} ${asked.conversation} ${release}`);
    if (asked.delayMs === 0) answer(asked, release, response);
    else setTimeout(() => answer(asked, release, response), asked.delayMs);
  });
}

function parseAsked(text: string): Asked {
  const body = JSON.parse(text) as { check: Asked };
  return body.check;
}

async function start(release: string): Promise<string> {
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => handle(request, response, release));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

const urls: Record<string, string> = {};
for (const release of process.argv.slice(2)) urls[release] = await start(release);
process.stdout.write(`${JSON.stringify({ urls })}\n`);
