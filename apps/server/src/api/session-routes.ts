import type { ListedSessionView, ReleaseActivityView, SessionList } from "@perch/api";
import {
  releaseStatus,
  type AgentRecord,
  type Digest,
  type ListedSession,
  type ReleaseActivity,
  type SessionSource,
} from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import type { PinCounts } from "../gateways/pin-counts.ts";
import type { Transactions } from "../transactions/create-transactions.ts";
import { parseSessionQuery } from "./session-query.ts";
import { formatCursor } from "./session-cursor.ts";

export type SessionRoutesDeps = {
  readonly book: Pick<Book, "agent" | "agents" | "rollouts">;
  readonly sessions: Pick<SessionSource, "list" | "releaseActivity">;
  readonly pinCounts: Pick<PinCounts, "live" | "liveForDrain">;
  readonly now: () => number;
  readonly idleTimeoutMs: () => number;
  readonly transactions: Pick<Transactions, "openFor">;
};

/** `GET /v1/sessions`: who talks to which release, and since when. */
export function createSessionRoutes(deps: SessionRoutesDeps): Hono {
  const { sessions, now, idleTimeoutMs } = deps;
  const routes = new Hono();
  routes.get("/v1/sessions", async (context) => {
    const [at, liveSince] = [now(), now() - idleTimeoutMs()];
    const query = parseSessionQuery(context.req.query(), { now: at, liveSince, agents: deps.book.agents() });
    // One more than asked for tells whether there is a next page.
    const [found, activity] = await Promise.all([
      sessions.list({ ...query, limit: query.limit + 1 }),
      sessions.releaseActivity({ agent: query.agent, liveSince }),
    ]);
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    const isShown = ({ release }: Activity): boolean => query.releases === null || query.releases.includes(release);
    return context.json({
      at,
      releases: withoutTraffic(activity, query.agent, deps)
        .filter(isShown)
        .map((one) => activityView(one, deps)),
      sessions: page.map((session) => sessionView(session, deps)),
      next: found.length > query.limit && last !== undefined ? formatCursor(last) : null,
    } satisfies SessionList);
  });
  return routes;
}

type Activity = Omit<ReleaseActivity, "lastTurnAt"> & { readonly lastTurnAt: number | null };

/** Releases that nobody has talked to yet may be pinned all the same: a first turn takes its time. */
function withoutTraffic(
  activity: readonly ReleaseActivity[],
  agent: string | null,
  { book }: SessionRoutesDeps,
): readonly Activity[] {
  const records = book.agents().filter((record) => agent === null || record.agent === agent);
  const isKnown = (name: string, digest: Digest): boolean =>
    activity.some((one) => one.agent === name && one.release === digest);
  const silent = records.flatMap((record) =>
    record.deployments
      .filter(({ release }) => !isKnown(record.agent, release))
      .map(({ release }) => ({ agent: record.agent, release, live: 0, oldestAt: null, lastTurnAt: null })),
  );
  return [...activity, ...new Map(silent.map((one) => [`${one.agent} ${one.release}`, one])).values()];
}

function activityView(activity: Activity, { book, pinCounts, transactions }: SessionRoutesDeps): ReleaseActivityView {
  const { agent, release } = activity;
  const record = book.agent(agent);
  const name = { digest: release, version: versionOf(record, release) };
  if (record === null) return { ...activity, release: name, status: "Inactive", livePins: null };
  const livePins = pinCounts.liveForDrain(record.agent, release);
  const openTransactions = transactions.openFor(record.agent, release);
  return {
    ...activity,
    release: name,
    status: releaseStatus({ release, livePins, openTransactions }, record, book.rollouts()),
    livePins: pinCounts.live(record.agent, release),
  };
}

function sessionView(session: ListedSession, { book }: SessionRoutesDeps): ListedSessionView {
  const { release } = session;
  return { ...session, release: { digest: release, version: versionOf(book.agent(session.agent), release) } };
}

function versionOf(record: AgentRecord | null, release: Digest): string {
  return record?.releases.find(({ digest }) => digest === release)?.version ?? "";
}
