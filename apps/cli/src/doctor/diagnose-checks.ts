import type { ServerChecks } from "@perch/api";
import { finding, type Finding } from "./finding.ts";

/** What the server tried for itself. `failure`: why it could not be asked; null when it could. */
export type CheckFacts = {
  readonly cliVersion: string;
  readonly checks: ServerChecks | null;
  readonly failure: string | null;
};

const MOST_NAMED = 5;

/** Versions that differ. A server that does not know the question is of a version before it. */
export function versionsOf({ cliVersion, checks, failure }: CheckFacts): readonly Finding[] {
  if (checks === null) {
    if (failure === null) return [];
    const hint = `use the server and the command of one version; this is ${cliVersion}`;
    return [finding(["versions", "warn"], `the server cannot check itself: ${failure}`, hint)];
  }
  const others = [
    ...(checks.version === cliVersion
      ? []
      : [
          finding(
            ["versions", "warn"],
            `the server is of version ${checks.version}, this command of ${cliVersion}`,
            "install one version of both",
          ),
        ]),
    ...checks.gateways.flatMap((one) => gatewayVersion(one, checks.version)),
  ];
  if (others.length > 0) return others;
  const gateways = checks.gateways.length === 0 ? "" : `, ${checks.gateways.length} connected gateways`;
  return [finding(["versions", "ok"], `server${gateways} and this command are of version ${checks.version}`, null)];
}

function gatewayVersion({ gateway, about }: ServerChecks["gateways"][number], server: string): readonly Finding[] {
  if (about === null) {
    const said = `${gateway} did not say its version or whether it reaches its pin store`;
    const hint = "look at its log: it hangs, or is of a version before the server's; then restart it from the new one";
    return [finding(["versions", "warn"], said, hint)];
  }
  if (about.version === server) return [];
  const message = `${gateway} is of version ${about.version}, the server of ${server}`;
  return [
    finding(["versions", "warn"], message, "restart it from the server's version; its streams end by themselves"),
  ];
}

const STORES: Readonly<Record<ServerChecks["stores"][number]["store"], readonly [string, string, string]>> = {
  state: [
    "state store",
    "rollouts and decisions",
    "make its disk writable and give it room, or see that PostgreSQL answers; until then nothing is decided and nothing promoted",
  ],
  traces: [
    "trace store",
    "sessions and spans",
    "make its disk writable and give it room, or see that ClickHouse answers; until then senders keep what they have, and gates wait",
  ],
};

/** Whether the server can write what it keeps. */
export function storesOf({ checks }: CheckFacts): readonly Finding[] {
  return (checks?.stores ?? []).map(({ store, failure }) => {
    const [check, what, hint] = STORES[store];
    if (failure === null) return finding([check, "ok"], `${what} can be written`, null);
    return finding([check, "fail"], `${what} cannot be written: ${failure}`, hint);
  });
}

/** Whether each gateway can write pins, by its own word. */
export function pinStoresOf({ checks }: CheckFacts): readonly Finding[] {
  const asked = (checks?.gateways ?? []).flatMap(({ gateway, about }) =>
    about === null ? [] : [{ gateway, failure: about.pinStore.failure }],
  );
  const failed = asked.filter(({ failure }) => failure !== null);
  const here = asked.length - failed.length;
  return [
    ...(here > 0 ? [finding(["pin store", "ok"], `${here} of ${asked.length} gateways can write pins`, null)] : []),
    ...failed.map(({ gateway, failure }) =>
      finding(
        ["pin store", "fail"],
        `${gateway} cannot write pins: ${failure ?? ""}`,
        "see that its Redis answers, or that its data directory is writable; until then it places sessions by signed pins and the common function",
      ),
    ),
  ];
}

/** Agents begin traces of their own at start and on a schedule, so that some belong to no session is nothing to warn of. */
const MOSTLY = 0.5;

/** Whether what agents tell reaches their sessions. */
export function unjoinedOf({ checks }: CheckFacts): readonly Finding[] {
  if (checks === null || checks.unjoined.spans === 0) return [];
  const { minutes, spans, unjoined, names } = checks.unjoined;
  const of = `${unjoined} of ${spans} spans of the last ${minutes} minutes`;
  if (unjoined <= spans * MOSTLY) return [finding(["sessions", "ok"], `${of} belong to no session`, null)];
  return [
    finding(
      ["sessions", "warn"],
      `${of} belong to no session, such as ${names.join(", ")}`,
      "let the agent go on with the traceparent of the gateway's request, or its spans name perch.session.id from the baggage (docs/telemetry.md)",
    ),
  ];
}

/** Sessions that have no cost, so that a gate of cost cannot count them. */
export function unpricedOf({ checks }: CheckFacts): readonly Finding[] {
  if (checks === null) return [];
  const { days, models } = checks.unpriced;
  if (models.length === 0) {
    return [finding(["prices", "ok"], `every model of the last ${days} days that was called has a price`, null)];
  }
  const named = models.slice(0, MOST_NAMED).map(({ model, sessions }) => `${model} (${sessions} sessions)`);
  const more = models.length > MOST_NAMED ? ` and ${models.length - MOST_NAMED} more` : "";
  return [
    finding(
      ["prices", "warn"],
      `no price for ${named.join(", ")}${more} in the last ${days} days: these sessions have no cost, and gates of cost do not count them`,
      "name their prices in a file and give it to the server by --price-file (docs/telemetry.md)",
    ),
  ];
}
