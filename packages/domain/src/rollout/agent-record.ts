import type { Digest } from "../release/digest.ts";
import type { ReleasePolicy } from "../release/policy.ts";
import type { PointerName } from "../release/reference.ts";
import type { AgentName } from "../routing/ids.ts";
import { advanceRetirements, backInService } from "./advance-retirement.ts";
import { advanceMoves, isMoveEvent, type AgentMove, type MoveEvent } from "./agent-move.ts";
import type { ReleaseIdentity } from "./plan.ts";
import { isRetirementEvent, type Retirement, type RetirementEvent } from "./retirement.ts";

/** A release that was admitted: its signature and every byte were good at `admittedAt`. */
export type ReleaseRecord = ReleaseIdentity & {
  readonly policy: ReleasePolicy;
  readonly signedBy: readonly string[];
  readonly admittedAt: number;
};

export type DeploymentRecord = {
  readonly release: Digest;
  readonly url: string;
  readonly registeredAt: number;
  /** Who is told to scale it down and to delete it once its release has drained; null or lacking: nobody. */
  readonly hook?: string | null;
};

/** Where a pointer stands, and who put it there. */
export type PointerRecord = {
  readonly pointer: PointerName;
  readonly release: Digest;
  readonly movedAt: number;
  readonly actor: string;
};

/** What is known about an agent: the fold of its events. */
export type AgentRecord = {
  readonly agent: AgentName;
  readonly releases: readonly ReleaseRecord[];
  readonly deployments: readonly DeploymentRecord[];
  /** In the order in which they were first set. */
  readonly pointers: readonly PointerRecord[];
  /** The first release that was deployed; current until a rollout is promoted. Null before. */
  readonly first: Digest | null;
  /** Of sessions, from one release to another; oldest first. */
  readonly moves: readonly AgentMove[];
  /** Of releases that get no new sessions any more; in the order in which that began. */
  readonly retirements: readonly Retirement[];
  /** A person has switched the agent off; null: it serves. */
  readonly kill: KillSwitch | null;
};

/** Apart from every rollout, and ended by a person alone. */
export type KillSwitch = {
  readonly killedAt: number;
  readonly actor: string;
  readonly reason: string;
  /** Everybody is served by this release; null: everybody is refused. */
  readonly to: Digest | null;
};

export type AgentEvent =
  | MoveEvent
  | RetirementEvent
  | ({ readonly type: "agentKilled"; readonly at: number } & Omit<KillSwitch, "killedAt">)
  | { readonly type: "agentRevived"; readonly at: number; readonly actor: string; readonly reason: string }
  | {
      readonly type: "releaseAdmitted";
      readonly at: number;
      readonly release: ReleaseIdentity;
      readonly policy: ReleasePolicy;
      readonly signedBy: readonly string[];
    }
  /** `replaces`: the release runs here now and nowhere else. */
  | {
      readonly type: "deploymentRegistered";
      readonly at: number;
      readonly release: Digest;
      readonly url: string;
      readonly replaces: boolean;
      readonly hook?: string | null;
    }
  | { readonly type: "deploymentRemoved"; readonly at: number; readonly release: Digest; readonly url: string }
  /** `from` null: the pointer is new; `to` null: it is taken away. Means nothing unless it stands at `from`. */
  | {
      readonly type: "pointerMoved";
      readonly at: number;
      readonly pointer: PointerName;
      readonly from: Digest | null;
      readonly to: Digest | null;
      readonly actor: string;
      readonly reason: string;
    };

export function newAgent(agent: AgentName): AgentRecord {
  return { agent, releases: [], deployments: [], pointers: [], first: null, moves: [], retirements: [], kill: null };
}

/** The release that a pointer stands at; null when there is no such pointer. */
export function pointerOf({ pointers }: AgentRecord, pointer: PointerName): Digest | null {
  return pointers.find((held) => held.pointer === pointer)?.release ?? null;
}

/** The next record. An event that changes nothing returns the very same object. */
export function advanceAgent(record: AgentRecord, event: AgentEvent): AgentRecord {
  if (isMoveEvent(event)) return move(record, event);
  if (isRetirementEvent(event)) return advanceRetirements(record, event);
  switch (event.type) {
    case "releaseAdmitted": {
      if (record.releases.some((release) => release.digest === event.release.digest)) return record;
      const { digest, version } = event.release;
      const admitted = { digest, version, policy: event.policy, signedBy: event.signedBy, admittedAt: event.at };
      return { ...record, releases: [...record.releases, admitted] };
    }
    case "deploymentRegistered":
      return register(backInService(record, event), event);
    case "deploymentRemoved": {
      const left = record.deployments.filter((held) => held.release !== event.release || held.url !== event.url);
      return left.length === record.deployments.length ? record : { ...record, deployments: left };
    }
    case "pointerMoved":
      return movePointer(record, event);
    case "agentKilled":
      return kill(record, event);
    case "agentRevived":
      return record.kill === null ? record : { ...record, kill: null };
  }
}

function move(record: AgentRecord, event: MoveEvent): AgentRecord {
  const moves = advanceMoves(record.moves, event);
  return moves === record.moves ? record : { ...record, moves };
}

/** An address serves one release: whoever registers it last has it. */
function register(record: AgentRecord, event: Extract<AgentEvent, { type: "deploymentRegistered" }>): AgentRecord {
  const { release, url, at } = event;
  const held = record.deployments.find((deployment) => deployment.url === url && deployment.release === release);
  const others = record.deployments.filter(
    (deployment) => deployment.url !== url && !(event.replaces && deployment.release === release),
  );
  const hook = event.hook ?? null;
  const isHeld = held !== undefined && (held.hook ?? null) === hook;
  if (isHeld && others.length === record.deployments.length - 1) return record;
  const registered = { release, url, registeredAt: held?.registeredAt ?? at };
  const deployment = isHeld ? held : { ...registered, ...(hook === null ? {} : { hook }) };
  return { ...record, deployments: [...others, deployment], first: record.first ?? release };
}

/** One that stands is not repeated, but may be sharpened, or sent elsewhere. */
function kill(record: AgentRecord, event: Extract<AgentEvent, { type: "agentKilled" }>): AgentRecord {
  const { at, actor, reason, to } = event;
  if (record.kill !== null && record.kill.to === to) return record;
  return { ...record, kill: { killedAt: at, actor, reason, to } };
}

function movePointer(record: AgentRecord, event: Extract<AgentEvent, { type: "pointerMoved" }>): AgentRecord {
  const { pointer, from, to, at, actor } = event;
  if (pointerOf(record, pointer) !== from || from === to) return record;
  if (to === null) return { ...record, pointers: record.pointers.filter((held) => held.pointer !== pointer) };
  const moved = { pointer, release: to, movedAt: at, actor };
  if (from === null) return { ...record, pointers: [...record.pointers, moved] };
  return { ...record, pointers: record.pointers.map((held) => (held.pointer === pointer ? moved : held)) };
}
