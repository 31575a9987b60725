import { formatRevision, type Ack, type MoveReport, type QuestionAnswer } from "@perch/api";
import type { GatewayId, Revision } from "@perch/domain";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { Pool, type Dispatcher } from "undici";
import { reasonOf } from "@perch/adapters/json-log";

export type PostOutcome =
  | { readonly kind: "accepted" }
  /** The server is not there, is not well, or does not let us in: the same again later. */
  | { readonly kind: "retryable"; readonly reason: string }
  /** The server will never take this. */
  | { readonly kind: "rejected"; readonly reason: string };

/** Everything a gateway says to its server. */
export type ServerLink = {
  /** The events of the table's stream. Ends when the server ends it; throws when it breaks or is silent too long. */
  tableEvents(options: TableEventsOptions): AsyncIterable<EventSourceMessage>;
  acknowledge(ack: Ack, signal: AbortSignal): Promise<PostOutcome>;
  reportMoves(report: MoveReport, signal: AbortSignal): Promise<PostOutcome>;
  answer(answer: QuestionAnswer, signal: AbortSignal): Promise<PostOutcome>;
  /** `json` is a `TurnBatch` of `@perch/api`, in UTF-8. */
  postTurns(json: Buffer, signal: AbortSignal): Promise<PostOutcome>;
  close(): Promise<void>;
};

export type TableEventsOptions = {
  /** The table in force here, which need not be sent again; null for none. */
  readonly held: Revision | null;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
};

const POST_TIMEOUT_MS = 10_000;
/** These speak about the request's content; every other failure says nothing about it. */
const REJECTED = new Set([400, 413, 422]);

/** To one server. */
export function createLinkTo(serverUrl: string, gateway: GatewayId): ServerLink {
  const { origin, pathname } = new URL(serverUrl);
  const base = pathname.replace(/\/+$/, "");
  const path = `${base}/v1/gateways/${encodeURIComponent(gateway)}`;
  const pool = new Pool(origin, { connections: 8, connect: { timeout: 5000 } });

  async function post(to: string, json: string | Buffer, signal: AbortSignal): Promise<PostOutcome> {
    try {
      const answer = await pool.request({
        path: to,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: json,
        headersTimeout: POST_TIMEOUT_MS,
        bodyTimeout: POST_TIMEOUT_MS,
        signal,
      });
      const text = await answer.body.text();
      return outcomeOf(answer.statusCode, text);
    } catch (error) {
      return { kind: "retryable", reason: reasonOf(error) };
    }
  }

  return {
    async *tableEvents({ held, silenceMs, signal }) {
      const answer = await pool.request({
        path: `${path}/table`,
        method: "GET",
        headers: {
          accept: "text/event-stream",
          ...(held === null ? {} : { "last-event-id": formatRevision(held) }),
        },
        headersTimeout: POST_TIMEOUT_MS,
        bodyTimeout: silenceMs,
        signal,
      });
      if (answer.statusCode !== 200) {
        throw new Error(`the server answered ${answer.statusCode}: ${(await answer.body.text()).slice(0, 200)}`);
      }
      yield* eventsOf(answer.body);
    },
    acknowledge: (ack, signal) => post(`${path}/acks`, JSON.stringify(ack), signal),
    reportMoves: (report, signal) => post(`${path}/moves`, JSON.stringify(report), signal),
    answer: (answer, signal) => post(`${path}/answers`, JSON.stringify(answer), signal),
    postTurns: (json, signal) => post(`${base}/v1/turns`, json, signal),
    close: () => pool.destroy(),
  };
}

export async function* eventsOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<EventSourceMessage> {
  let events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const complete = events;
    events = [];
    yield* complete;
  }
}

function outcomeOf(status: Dispatcher.ResponseData["statusCode"], text: string): PostOutcome {
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const reason = `the server answered ${status}: ${text.slice(0, 500)}`;
  return { kind: REJECTED.has(status) ? "rejected" : "retryable", reason };
}
