import { digestOf, parseAgentName, parseRolloutId, type CanaryRoute } from "@perch/domain";
import { anAgentRoute } from "@perch/testkit";
import type { Attempt, Claim, Conversation, Fault, History, PublishedTable } from "./history.ts";
import { publishedArm, publishedBucket } from "./published-function.ts";

export const BASELINE = digestOf("baseline");
export const CANARY = digestOf("canary");
const GATEWAYS = ["gw-1", "gw-2"];
const ROUTED: CanaryRoute = {
  rollout: parseRolloutId("check-1"),
  step: 0,
  seed: "seed",
  weightBp: 2000,
  release: CANARY,
  strategy: { kind: "session" },
};

/** Table 1.1 from moment 0 on has no canary, 1.2 from 1000 on one at 20 %, 1.3 from 5000 on one at 50 %. */
const TABLES: Readonly<Record<string, { readonly at: number; readonly canary: CanaryRoute | null }>> = {
  "1.1": { at: 0, canary: null },
  "1.2": { at: 1000, canary: ROUTED },
  "1.3": { at: 5000, canary: { ...ROUTED, step: 1, weightBp: 5000 } },
};

/** What a gateway answers that places a session by a table, as it should. */
export function aClaim(session: string, revision: string, change: Partial<Claim> = {}): Claim {
  const canary = TABLES[revision]?.canary ?? null;
  return {
    ...(canary === null ? PLAIN : drawn(session, canary)),
    revision,
    gateway: "gw-1",
    assignedAt: 0,
    ...change,
  };
}

type Drawn = Omit<Claim, "revision" | "gateway" | "assignedAt">;
const PLAIN: Drawn = { release: BASELINE, arm: "baseline", rollout: null, step: null, weightBp: null, bucket: null };

function drawn(session: string, { rollout, step, weightBp, seed }: CanaryRoute): Drawn {
  const bucket = publishedBucket(seed, session);
  const arm = publishedArm(bucket, weightBp);
  return { release: arm === "canary" ? CANARY : BASELINE, arm, rollout, step, weightBp, bucket };
}

let attempts = 0;

type Asked = Partial<Omit<Attempt, "outcome">> & {
  readonly at: number;
  /** Null: it was placed before. */
  readonly claim: Claim | null;
  readonly release?: string;
};

/** A turn that was answered. */
export function anAttempt(conversation: string, { at, claim, release, ...change }: Asked): Attempt {
  attempts += 1;
  const served = release ?? claim?.release ?? BASELINE;
  return {
    id: attempts,
    conversation,
    turn: 0,
    gateway: claim?.gateway ?? "gw-1",
    sentAt: at,
    endedAt: at + 10,
    named: conversation,
    presents: false,
    outcome: {
      kind: "answered",
      session: conversation,
      release: served,
      claim: claim === null ? null : { ...claim, assignedAt: at },
      echoed: attempts,
      agent: served,
    },
    ...change,
  };
}

export function aConversation(
  name: string,
  made: readonly Attempt[],
  change: Partial<Conversation> = {},
): Conversation {
  return { name, kind: "header", echo: "none", attempts: made, unanswered: 0, ...change };
}

/** A run in which everybody wrote down what the clients saw. */
export function aHistory(conversations: readonly Conversation[], change: Partial<History> = {}): History {
  const answered = conversations.flatMap((one) => one.attempts.filter(({ outcome }) => outcome.kind === "answered"));
  return {
    agent: "support",
    conversations,
    agentTurns: answered.map(({ id, conversation, outcome }) => ({
      attempt: id,
      conversation,
      release: outcome.kind === "answered" ? outcome.agent : "",
    })),
    records: answered.flatMap(recordsOf),
    pins: new Map(
      answered.flatMap(({ outcome }) => (outcome.kind === "answered" ? [[outcome.session, outcome.release]] : [])),
    ),
    tables: new Map(Object.keys(TABLES).map((revision) => [revision, tableOf(revision)])),
    acks: Object.entries(TABLES).flatMap(([revision, { at }]) =>
      GATEWAYS.map((gateway) => ({ gateway, revision, at: at + 5 })),
    ),
    renewals: Array.from({ length: 40 }, (_, index) => index * 500).flatMap((at) =>
      GATEWAYS.map((gateway) => ({ gateway, sentAt: at, passedAt: at })),
    ),
    faults: [],
    ledger: [],
    moves: [],
    expected: new Map(),
    drift: 0,
    ...change,
  };
}

export function aFault(change: Partial<Fault> & Pick<Fault, "kind">): Fault {
  return { gateway: null, from: 0, to: 20_000, ...change };
}

function recordsOf({ id, outcome }: Attempt): History["records"] {
  if (outcome.kind !== "answered") return [];
  const { session, release, claim } = outcome;
  const record = { attempt: id, session, release, rollout: claim?.rollout ?? null };
  const turn = { ...record, id: `turn ${id}`, kind: "turn" };
  return claim === null ? [turn] : [turn, { ...record, id: `assignment ${id}`, kind: "assignment" }];
}

function tableOf(revision: string): PublishedTable {
  const { at, canary } = TABLES[revision] ?? { at: 0, canary: null };
  const route = anAgentRoute({ agent: parseAgentName("support"), current: BASELINE, canary });
  const [epoch = 0, sequence = 0] = revision.split(".").map(Number);
  return { table: { revision: { epoch, sequence }, leaseMs: 2000, agents: [route] }, firstSeenAt: at };
}
