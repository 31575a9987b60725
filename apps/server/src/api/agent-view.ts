import type { AgentView, RetirementView } from "@perch/api";
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
  type Rollout,
} from "@perch/domain";
import type { PinCounts } from "../gateways/pin-counts.ts";

export type AgentViewDeps = {
  readonly nextOf: (release: Digest, record: AgentRecord) => NextRetirement;
  readonly places: ReadonlyMap<AgentName, AgentPlace>;
  readonly pinCounts: Pick<PinCounts, "live" | "liveForDrain">;
};

export function toAgentView(record: AgentRecord, rollouts: readonly Rollout[], deps: AgentViewDeps): AgentView {
  const { places, pinCounts } = deps;
  const current = record.releases.find(({ digest }) => digest === currentRelease(record, rollouts));
  return {
    agent: record.agent,
    ...placeOf(record.agent, places),
    current: current === undefined ? null : { digest: current.digest, version: current.version },
    releases: record.releases.map(({ digest, version }) => ({
      release: { digest, version },
      status: releaseStatus(
        { release: digest, livePins: pinCounts.liveForDrain(record.agent, digest) },
        record,
        rollouts,
      ),
      livePins: pinCounts.live(record.agent, digest),
      quarantined: isQuarantined(digest, rollouts),
      urls: record.deployments.filter(({ release }) => release === digest).map(({ url }) => url),
      retirement: retirementOf(digest, record, deps),
    })),
    activeRollout: activeRollout(record, rollouts)?.id ?? null,
    killed: killOf(record),
  };
}

function retirementOf(release: Digest, record: AgentRecord, { nextOf }: AgentViewDeps): RetirementView | null {
  const retirement = record.retirements.find((one) => one.release === release);
  if (retirement === undefined) return null;
  const { stage, rollout, since, drain, overdueSince } = retirement;
  return {
    stage: stage.kind,
    rollout,
    since,
    deadline: deadlineOf(retirement),
    onDeadline: drain?.onDeadline ?? null,
    overdueSince,
    waitsFor: [...nextOf(release, record).waitsFor],
  };
}

export function killOf({ kill, releases }: AgentRecord): AgentView["killed"] {
  if (kill === null) return null;
  const version = releases.find(({ digest }) => digest === kill.to)?.version ?? "";
  return { ...kill, to: kill.to === null ? null : { digest: kill.to, version } };
}
