import { routingTableSchema, type RoutingTableMessage } from "@perch/api";
import { aTurnRecord, escalationSpan } from "@perch/testkit";
import { postJson } from "./server-process.ts";

/** Follows a server's tables over HTTP and acknowledges each. */
export async function connectGateway(url: string) {
  const tables: RoutingTableMessage[] = [];
  const stop = new AbortController();
  const answer = await fetch(`${url}/v1/gateways/gw-1/table`, { signal: stop.signal });
  void (async () => {
    let rest = "";
    for await (const chunk of answer.body ?? []) {
      rest += Buffer.from(chunk).toString();
      const events = rest.split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events.filter((text) => text.startsWith("event: table"))) {
        const table = routingTableSchema.parse(JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? ""));
        tables.push(table);
        await postJson(`${url}/v1/gateways/gw-1/acks`, { revision: table.revision, appliedAt: Date.now() });
      }
    }
  })().catch(() => undefined);
  return { tables, disconnect: () => stop.abort() };
}

let sent = 0;

/** Sixty sessions as the table says: every fifth a canary; those at the places that `escalates` names escalate. */
export async function sendSessions(
  url: string,
  table: RoutingTableMessage,
  escalates: (place: number) => boolean,
): Promise<void> {
  const route = table.agents[0];
  const canary = route?.canary;
  if (route === undefined || canary === undefined || canary === null) throw new Error("no rollout is routed");
  const at = Date.now();
  const turns = Array.from({ length: 60 }, (_, index) => {
    sent += 1;
    const arm = index % 5 === 0 ? "canary" : "baseline";
    return {
      ...aTurnRecord({ traceId: sent.toString(16).padStart(32, "0"), arm, startedAt: at, endsSession: true }),
      id: `turn-${sent}`,
      session: `session-${sent}`,
      release: arm === "canary" ? canary.release : route.current,
      rollout: canary.rollout,
      step: canary.step,
    };
  });
  const spans = turns.filter((_, index) => escalates(index)).map(({ traceId }) => escalationSpan(traceId, at));
  const scopeSpans = [{ scope: { name: "gen_ai" }, spans }];
  await postJson(`${url}/v1/traces`, { resourceSpans: [{ resource: { attributes: [] }, scopeSpans }] });
  const assignments = turns.map((turn) => ({ ...turn, id: `of ${turn.id}`, kind: "assignment", endsSession: false }));
  await postJson(`${url}/v1/turns`, { turns: [...assignments, ...turns] });
}
