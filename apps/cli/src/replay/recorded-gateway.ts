import { routingTableSchema, type RoutingTableMessage } from "@perch/api";
import { CliError } from "../cli-error.ts";
import { readServerEvents } from "../read-server-events.ts";

/** Replay's stand-in for a gateway: recordings already have their arms, so it follows the table and acknowledges it. */
export type RecordedGateway = {
  readonly id: string;
  /** The newest table that was acknowledged. */
  table(): RoutingTableMessage | null;
  /** Why it no longer follows the table; null while it does. */
  problem(): string | null;
  close(): void;
};

export async function connectRecordedGateway(
  serverUrl: string,
  id: string,
  now: () => number,
): Promise<RecordedGateway> {
  const stop = new AbortController();
  const response = await fetch(`${serverUrl}/v1/gateways/${id}/table`, { signal: stop.signal });
  let table: RoutingTableMessage | null = null;

  async function follow(): Promise<void> {
    for await (const event of readServerEvents(response)) {
      if (event.name !== "table") continue;
      const next = routingTableSchema.parse(JSON.parse(event.data));
      await post(`${serverUrl}/v1/gateways/${id}/acks`, { revision: next.revision, appliedAt: now() });
      table = next;
    }
  }

  let problem: string | null = null;
  void follow().catch((error: unknown) => {
    problem = error instanceof Error ? error.message : String(error);
  });
  return { id, table: () => table, problem: () => problem, close: () => stop.abort() };
}

/** Posts JSON and insists on success. */
export async function post(url: string, body: unknown): Promise<Response> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) return response;
  throw new CliError({
    code: "request_refused",
    message: `POST ${new URL(url).pathname} was answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
    hint: "the server's log in the data directory has more",
  });
}
