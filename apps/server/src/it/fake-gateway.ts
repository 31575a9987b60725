import { questionSchema, routingTableSchema, type RoutingTableMessage } from "@perch/api";
import type { Server } from "../create-server.ts";
import { readEvents } from "./read-events.ts";
import { post } from "./requests.ts";

type FakeGateway = {
  isDeaf: boolean;
  /** Live pins by release; `unknown`: its store is away; null: it does not even answer. */
  pins: Readonly<Record<string, number>> | "unknown" | null;
  tables: RoutingTableMessage[];
  leases: number;
  close: () => Promise<void>;
};

async function answerPins(
  server: Server,
  { pins }: Pick<FakeGateway, "pins">,
  { id, question }: { id: string; question: unknown },
): Promise<void> {
  if (pins === null) return;
  const isAway = pins === "unknown";
  const live = Object.entries(isAway ? {} : pins).map(([release, count]) => ({
    agent: "support",
    release,
    pins: count,
  }));
  const answer = isAway ? { kind: "failed", reason: "the store is away" } : { kind: "pins", store: id, live };
  await post(server, `/v1/gateways/${id}/answers`, { question: questionSchema.parse(question).id, answer });
}

/** Follows the table as a gateway does; acknowledges only while `isDeaf` is false. */
export async function connectGateway(server: Server, id = "gw-1") {
  const gateway: FakeGateway = {
    isDeaf: false,
    pins: null,
    tables: [],
    leases: 0,
    close: async () => {},
  };
  const answer = await server.app.request(`/v1/gateways/${id}/table`);
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new Error("no stream");
  gateway.close = () => reader.cancel();
  void readEvents(reader, async (event) => {
    const data = /^data: (.*)$/m.exec(event)?.[1] ?? "";
    if (event.startsWith("event: lease")) gateway.leases += 1;
    if (event.startsWith("event: question")) await answerPins(server, gateway, { id, question: JSON.parse(data) });
    if (!event.startsWith("event: table")) return;
    const table = routingTableSchema.parse(JSON.parse(data));
    gateway.tables.push(table);
    if (!gateway.isDeaf) await post(server, `/v1/gateways/${id}/acks`, { revision: table.revision, appliedAt: 0 });
  });
  await quiet();
  return gateway;
}
export type Gateway = Awaited<ReturnType<typeof connectGateway>>;

/** Lets everything that waits only for the event loop happen. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
