import { Agent, request, type IncomingMessage } from "node:http";

export type ChatAnswer = {
  readonly text: string;
  readonly isEscalated: boolean;
  /** Header `x-agent-version`: which release answered. */
  readonly version: string;
};

export type ChatOutcome =
  | { readonly kind: "answered"; readonly answer: ChatAnswer }
  /** Nobody there, or cut off: a person would press "send" again. */
  | { readonly kind: "unavailable"; readonly reason: string }
  | { readonly kind: "refused"; readonly status: number };

/** One customer's view of the chat: send a message and read the whole answer; close the chat. */
export interface ChatClient {
  send(sessionId: string, message: string): Promise<ChatOutcome>;
  end(sessionId: string): Promise<ChatOutcome>;
  close(): void;
}

const TRY_AGAIN = new Set([409, 429, 502, 503, 504]);

export function createChatClient(target: string, timeoutMs: number): ChatClient {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  const post = (path: string, body: unknown) => postJson({ url: new URL(target + path), agent, body, timeoutMs });
  return {
    async send(sessionId, message) {
      const reply = await post("/chat", { sessionId, message });
      return reply.kind === "reply" && reply.status === 200 ? readAnswer(reply) : outcomeOf(reply);
    },
    async end(sessionId) {
      return outcomeOf(await post("/chat/end", { sessionId }));
    },
    close: () => agent.destroy(),
  };
}

type Reply =
  | { readonly kind: "reply"; readonly status: number; readonly version: string; readonly body: string }
  | { readonly kind: "broken"; readonly reason: string };

function outcomeOf(reply: Reply): ChatOutcome {
  if (reply.kind === "broken") return { kind: "unavailable", reason: reply.reason };
  if (reply.status < 300) {
    return { kind: "answered", answer: { text: "", isEscalated: false, version: reply.version } };
  }
  if (TRY_AGAIN.has(reply.status)) return { kind: "unavailable", reason: `status ${reply.status}` };
  return { kind: "refused", status: reply.status };
}

/** An answer counts only with its `done` event; without it the stream was cut. */
function readAnswer({ body, version }: Reply & { kind: "reply" }): ChatOutcome {
  let text = "";
  for (const line of body.split("\n")) {
    const event = line.startsWith("data: ") ? parseEvent(line.slice("data: ".length)) : {};
    if (typeof event.delta === "string") text += event.delta;
    if (event.done === true) {
      return { kind: "answered", answer: { text, isEscalated: event.escalated === true, version } };
    }
  }
  return { kind: "unavailable", reason: "the answer was cut off" };
}

function parseEvent(text: string): { delta?: unknown; done?: unknown; escalated?: unknown } {
  try {
    const event: unknown = JSON.parse(text);
    return typeof event === "object" && event !== null ? event : {};
  } catch {
    // The last line of a stream that was cut: the missing `done` says so.
    return {};
  }
}

type Post = { readonly url: URL; readonly agent: Agent; readonly body: unknown; readonly timeoutMs: number };

function postJson({ url, agent, body, timeoutMs }: Post): Promise<Reply> {
  return new Promise((resolve) => {
    const broken = (error: Error) => resolve({ kind: "broken", reason: error.message });
    const sent = request(
      url,
      { method: "POST", agent, headers: { "content-type": "application/json" } },
      (response) => {
        response.once("error", broken);
        collect(response).then((text) => {
          const version = response.headers["x-agent-version"];
          resolve({
            kind: "reply",
            status: response.statusCode ?? 0,
            version: typeof version === "string" ? version : "unknown",
            body: text,
          });
        }, broken);
      },
    );
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.once("error", broken);
    sent.end(JSON.stringify(body));
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const piece of response) text += String(piece);
  return text;
}
