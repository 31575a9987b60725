import { ackSchema } from "@perch/api";
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
    await hub.expect(gateway);
    return eventStream(context, (send) =>
      hub.connect(gateway, (event) =>
        send({ ...event, id: sentNow(), data: event.event === "table" ? toMessage(event.data) : event.data }),
      ),
    );
  });
  routes.post("/v1/gateways/:id/acks", async (context) => {
    const gateway = parseGatewayId(context.req.param("id"));
    const { revision } = await readBody(context, ackSchema);
    hub.acknowledge(gateway, revision);
    await onAck();
    return context.body(null, 204);
  });
  return routes;
}

/** By a clock that never jumps, also where the server's own is made up: gateways see from it what comes late. */
function sentNow(): string {
  return performance.now().toFixed(3);
}
