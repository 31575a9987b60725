import type { AgentView, OpenTransactionsView, RetirementView } from "@perch/api";
import {
  activeRollout,
  currentRelease,
  deadlineOf,
  isQuarantined,
  placeOf,
  releaseStatus,
  type AgentName,
  type AgentPlace,
  type AgentRecord,
  type Digest,
  type NextRetirement,
  type Retirement,
  type Rollout,
  type TransactionCall,
} from "@perch/domain";
import type { PinCounts } from "../gateways/pin-counts.ts";
import type { OpenList, Transactions } from "../transactions/create-transactions.ts";

export type AgentViewDeps = {
  readonly nextOf: (release: Digest, record: AgentRecord) => NextRetirement;
  readonly places: ReadonlyMap<AgentName, AgentPlace>;
  readonly pinCounts: Pick<PinCounts, "live" | "liveForDrain">;
  readonly transactions: Pick<Transactions, "list" | "openFor">;
};

/** So many transactions are listed of each release. */
const MOST_LISTED = 20;

export async function toAgentView(
  record: AgentRecord,
  rollouts: readonly Rollout[],
  deps: AgentViewDeps,
): Promise<AgentView> {
  const { places, pinCounts, transactions } = deps;
  const retirements = await retirementsOf(record, deps);
  const current = record.releases.find(({ digest }) => digest === currentRelease(record, rollouts));
  return {
    agent: record.agent,
    ...placeOf(record.agent, places),
    current: current === undefined ? null : { digest: current.digest, version: current.version },
    releases: record.releases.map(({ digest, version }) => ({
      release: { digest, version },
      status: releaseStatus(
        {
          release: digest,
          livePins: pinCounts.liveForDrain(record.agent, digest),
          openTransactions: transactions.openFor(record.agent, digest),
        },
        record,
        rollouts,
      ),
      livePins: pinCounts.live(record.agent, digest),
      quarantined: isQuarantined(digest, rollouts),
      urls: record.deployments.filter(({ release }) => release === digest).map(({ url }) => url),
      retirement: retirements.get(digest) ?? null,
    })),
    activeRollout: activeRollout(record, rollouts)?.id ?? null,
    killed: killOf(record),
  };
}

async function retirementsOf(record: AgentRecord, deps: AgentViewDeps): Promise<ReadonlyMap<Digest, RetirementView>> {
  const { agent, retirements } = record;
  const releases = retirements.map(({ release }) => release);
  const lists = await deps.transactions.list(agent, releases, MOST_LISTED);
  return new Map(
    retirements.map((one) => [
      one.release,
      retirementView(one, { record, deps, open: lists?.get(one.release) ?? null }),
    ]),
  );
}

function retirementView(
  retirement: Retirement,
  { record, deps, open }: { record: AgentRecord; deps: AgentViewDeps; open: OpenList | null },
): RetirementView {
  const { stage, release, rollout, since, drain, overdueSince } = retirement;
  return {
    stage: stage.kind,
    rollout,
    since,
    deadline: deadlineOf(retirement),
    onDeadline: drain?.onDeadline ?? null,
    transactionsOnDeadline: drain === null ? null : (drain.openTransactions ?? "wait"),
    overdueSince,
    waitsFor: [...deps.nextOf(release, record).waitsFor],
    openTransactions: open === null ? null : openView(open, retirement),
  };
}

function openView({ count, oldest }: OpenList, { calls }: Retirement): OpenTransactionsView {
  return {
    count,
    oldest: oldest.map(({ tool, id, session, openedAt, release }) => ({
      tool,
      id,
      session,
      openedAt,
      isOfUnknownRelease: release === null,
      call: callView(calls.find((call) => call.tool === tool && call.id === id)),
    })),
  };
}

function callView(call: TransactionCall | undefined): OpenTransactionsView["oldest"][number]["call"] {
  if (call === undefined) return null;
  const { action, standing } = call;
  return { action, standing: standing.kind, detail: standing.kind === "refused" ? standing.detail : "" };
}

export function killOf({ kill, releases }: AgentRecord): AgentView["killed"] {
  if (kill === null) return null;
  const version = releases.find(({ digest }) => digest === kill.to)?.version ?? "";
  return { ...kill, to: kill.to === null ? null : { digest: kill.to, version } };
}
