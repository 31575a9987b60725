import { formatRevision, routingTableSchema, type RoutingTableMessage } from "@perch/api";
import { compareRevisions, type Revision } from "@perch/domain";
import type { Server } from "../create-server.ts";
import { readEvents } from "./read-events.ts";

/** What it was sent. */
export type GatewayEvent = { readonly event: "table" | "lease"; readonly revision: Revision };

export type AttachedGateway = {
  /** In force; null before the first. */
  readonly table: () => RoutingTableMessage | null;
  /** Follows this server from now on, as a gateway does that has lost the one before. */
  readonly follow: (server: Pick<Server, "app">) => Promise<void>;
};

const ID = "gw-1";

/** A gateway in the test's own process: applies larger revisions only, and acknowledges what is in force. */
export function createAttachedGateway(onEvent: (event: GatewayEvent) => void = () => {}): AttachedGateway {
  let table: RoutingTableMessage | null = null;
  let cancel: () => Promise<void> = async () => {};

  async function take(text: string, server: Pick<Server, "app">): Promise<void> {
    const event = /^event: (table|lease)$/m.exec(text)?.[1];
    if (event !== "table" && event !== "lease") return;
    const sent: unknown = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "null");
    if (event === "table") {
      const offered = routingTableSchema.parse(sent);
      onEvent({ event, revision: offered.revision });
      if (table !== null && compareRevisions(offered.revision, table.revision) < 0) return;
      table = offered;
    } else onEvent({ event, revision: sent as Revision });
    if (table === null) return;
    await server.app.request(`/v1/gateways/${ID}/acks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ revision: table.revision, appliedAt: 0 }),
    });
  }

  return {
    table: () => table,
    async follow(server) {
      await cancel();
      const headers: Record<string, string> = table === null ? {} : { "last-event-id": formatRevision(table.revision) };
      const answer = await server.app.request(`/v1/gateways/${ID}/table`, { headers });
      const reader = answer.status === 200 ? answer.body?.getReader() : undefined;
      if (reader === undefined) return;
      cancel = async () => await reader.cancel();
      void readEvents(reader, (text) => take(text, server));
    },
  };
}
