import { routingTableSchema } from "@perch/api";
import { parseAgentName, parseDigest, parseRolloutId, type RoutingTable } from "@perch/domain";
import { revisionKey, type Ack, type PublishedTable, type Renewal } from "./history.ts";
import type { RelayWatch } from "./relay.ts";

/** What went between the gateways and the server, read from the wire: nobody has to be believed. */
export type ControlTraffic = {
  readonly tables: ReadonlyMap<string, PublishedTable>;
  readonly acks: readonly Ack[];
  readonly renewals: readonly Renewal[];
  /** The newest table that was sent to anybody. */
  newest(): PublishedTable | null;
  watch(gateway: string): RelayWatch;
};

type Event = { readonly name: string; readonly data: string };

export function createControlTraffic(now: () => number): ControlTraffic {
  const tables = new Map<string, PublishedTable>();
  const acks: Ack[] = [];
  const renewals: Renewal[] = [];
  let newest: PublishedTable | null = null;

  function noteTable(data: string): void {
    const table = parseTable(data);
    const key = revisionKey(table.revision);
    if (tables.has(key)) return;
    newest = { table, firstSeenAt: now() };
    tables.set(key, newest);
  }

  return {
    tables,
    acks,
    renewals,
    newest: () => newest,
    watch(gateway) {
      const arriving = createEventReader();
      const passing = createEventReader();
      // By connection: when the events left the server that have not gone on yet.
      const underWay = new Map<number, number[]>();
      return {
        arrived(direction, connection, bytes) {
          if (direction === "toTarget") acks.push(...acksIn(bytes, gateway, now()));
          else {
            for (const { name, data } of arriving(connection, bytes)) {
              if (name === "table") noteTable(data);
              underWay.set(connection, [...(underWay.get(connection) ?? []), now()]);
            }
          }
        },
        passed(direction, connection, bytes) {
          if (direction === "toTarget") return;
          for (let left = passing(connection, bytes).length; left > 0; left -= 1) {
            const [sentAt = now(), ...rest] = underWay.get(connection) ?? [];
            underWay.set(connection, rest);
            renewals.push({ gateway, sentAt, passedAt: now() });
          }
        },
      };
    },
  };
}

/** Cuts the bytes of connections into the server-sent events in them; each event is one chunk of HTTP's framing. */
function createEventReader(): (connection: number, bytes: Buffer) => readonly Event[] {
  const rests = new Map<number, string>();
  return (connection, bytes) => {
    const rest = rests.get(connection) ?? "";
    if (rest === "" && !bytes.includes("event: ")) return [];
    const text = rest + bytes.toString("latin1");
    const events = [...text.matchAll(/event: (table|lease)\n(?:id: [^\n]*\n)?data: ([^\n]*)\n\n/g)];
    const last = events.at(-1);
    const after = last === undefined ? text : text.slice(last.index + last[0].length);
    rests.set(connection, after.includes("event: ") ? after.slice(after.indexOf("event: ")) : "");
    return events.map(([, name = "", data = ""]) => ({ name, data }));
  };
}

function acksIn(bytes: Buffer, gateway: string, at: number): Ack[] {
  if (!bytes.includes('"appliedAt"')) return [];
  const found = bytes.toString("latin1").matchAll(/\{"revision":\{"epoch":(\d+),"sequence":(\d+)\},"appliedAt"/g);
  return [...found].map(([, epoch, sequence]) => ({ gateway, revision: `${epoch}.${sequence}`, at }));
}

function parseTable(json: string): RoutingTable {
  const { revision, leaseMs, agents } = routingTableSchema.parse(JSON.parse(json));
  return {
    revision,
    leaseMs,
    agents: agents.map((route) => ({
      ...route,
      agent: parseAgentName(route.agent),
      moves: [],
      mirror: null,
      current: parseDigest(route.current),
      canary: route.canary && {
        ...route.canary,
        rollout: parseRolloutId(route.canary.rollout),
        release: parseDigest(route.canary.release),
      },
      releases: route.releases.map((release) => ({ ...release, release: parseDigest(release.release) })),
    })),
  };
}
