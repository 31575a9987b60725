import { ackSchema, formatRevision, parseRevision } from "@perch/api";
import { parseGatewayId } from "@perch/domain";
import { Hono } from "hono";
import { eventStream } from "../api/event-stream.ts";
import { readBody } from "../api/read-body.ts";
import type { GatewayHub } from "./hub.ts";
import { toMessage } from "./to-message.ts";

export type GatewayRoutesDeps = {
  readonly hub: GatewayHub;
  /** What the acknowledgement decides is decided at once. */
  readonly onAck: () => Promise<void>;
};

/** `GET /v1/gateways`, `GET /v1/gateways/:id/table` (server-sent events), `POST /v1/gateways/:id/acks`. */
export function createGatewayRoutes({ hub, onAck }: GatewayRoutesDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/gateways", (context) => context.json(hub.views()));
  routes.get("/v1/gateways/:id/table", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    const held = parseRevision(context.req.header("last-event-id") ?? "");
    await hub.expect(gateway, held);
    return eventStream(context, (send) =>
      hub.connect(gateway, held, (event) =>
        send(
          event.event === "table"
            ? { event: "table", id: formatRevision(event.data.revision), data: toMessage(event.data) }
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
  return routes;
}
