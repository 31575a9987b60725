import { ackSchema, formatRevision, parseRevision, questionAnswerSchema } from "@perch/api";
import { parseGatewayId, type Revision, type RoutingTable } from "@perch/domain";
import { Hono } from "hono";
import { eventStream } from "../api/event-stream.ts";
import { readBody } from "../api/read-body.ts";
import type { GatewayHub } from "./hub.ts";
import type { PinCounts } from "./pin-counts.ts";
import type { GatewayQuestions } from "./questions.ts";
import { toMessage } from "./to-message.ts";

export type GatewayRoutesDeps = {
  readonly hub: GatewayHub;
  readonly questions: Pick<GatewayQuestions, "take">;
  readonly pinCounts: Pick<PinCounts, "forgetStoreOf">;
  /** What the acknowledgement decides is decided at once. */
  readonly onAck: () => Promise<void>;
};

/** `GET /v1/gateways`, `GET /v1/gateways/:id/table` (server-sent events), `POST /v1/gateways/:id/acks`, `…/answers`. */
export function createGatewayRoutes({ hub, questions, pinCounts, onAck }: GatewayRoutesDeps): Hono {
  const routes = new Hono();
  const jsonOf = createTableEncoder();
  routes.get("/v1/gateways", (context) => context.json(hub.views()));
  routes.get("/v1/gateways/:id/table", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    const held = parseRevision(context.req.header("last-event-id") ?? "");
    await hub.expect(gateway, held);
    pinCounts.forgetStoreOf(gateway);
    return eventStream(context, (send) =>
      hub.connect(gateway, held, (event) =>
        send(
          event.event === "table"
            ? { event: "table", id: sentNow(event.data.revision), json: jsonOf(event.data) }
            : event.event === "lease"
              ? { ...event, id: sentNow(event.data) }
              : event,
        ),
      ),
    );
  });
  routes.post("/v1/gateways/:id/acks", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    const { revision } = await readBody(context, ackSchema);
    await hub.acknowledge(gateway, revision);
    await onAck();
    return context.body(null, 204);
  });
  routes.post("/v1/gateways/:id/answers", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    questions.take(gateway, await readBody(context, questionAnswerSchema));
    return context.body(null, 204);
  });
  return routes;
}

/** A table as JSON, made once for all gateways. */
function createTableEncoder(): (table: RoutingTable) => string {
  const encoded = new WeakMap<RoutingTable, string>();
  return (table) => {
    const json = encoded.get(table) ?? JSON.stringify(toMessage(table));
    encoded.set(table, json);
    return json;
  };
}

/** With the time by a clock that never jumps, also where the server's own is made up: gateways see from it what comes late. */
function sentNow(revision: Revision): string {
  return `${formatRevision(revision)}@${performance.now().toFixed(3)}`;
}
