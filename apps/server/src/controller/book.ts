import {
  advance,
  advanceAgent,
  foldEvidence,
  formatEvent,
  newAgent,
  parseAgentEvent,
  parseAgentName,
  parseRolloutEvent,
  startRollout,
  verifyChain,
  type AgentEvent,
  type AgentName,
  type AgentRecord,
  type AppliedEvent,
  type Evidence,
  type Ledger,
  type LedgerEntry,
  type Rollout,
  type RolloutEvent,
  type RolloutId,
} from "@perch/domain";

export type HeldRollout = {
  readonly rollout: Rollout;
  readonly evidence: Evidence | null;
  /** Of its last ledger entry. */
  readonly sequence: number;
};

/**
 * Agents and rollouts as the ledger tells them, in memory. Whatever changes one of them goes through here: it is in the
 * ledger before anybody sees it.
 */
export interface Book {
  /** Oldest first. */
  rollouts(): readonly Rollout[];
  held(id: string): HeldRollout | null;
  agents(): readonly AgentRecord[];
  agent(name: string): AgentRecord | null;
  /** Begins a rollout. `decide` runs when nothing else can change any more; what it throws begins nothing. */
  start(decide: () => AppliedEvent): Promise<Rollout>;
  /** Records what changes the rollout, and only that: an event that means nothing now is not recorded. */
  record(id: RolloutId, event: RolloutEvent): Promise<Rollout>;
  /** As `record`. `decide` runs when nothing else can change any more; null, or what it throws, records nothing. */
  recordAgent(agent: AgentName, decide: (record: AgentRecord) => AgentEvent | null): Promise<AgentRecord>;
}

type HeldAgent = { readonly record: AgentRecord; readonly sequence: number };
type Shelf = { readonly rollouts: Map<string, HeldRollout>; readonly agents: Map<string, HeldAgent> };

const AGENT_SUBJECT = "agent/";

/** What the ledger calls an agent. */
export function agentSubject(agent: AgentName): string {
  return AGENT_SUBJECT + agent;
}

export type OpenBookDeps = {
  readonly ledger: Ledger;
  /** Under which this server leads: what it decides after it was deposed is not recorded. */
  readonly epoch: () => number;
  /** Runs right after each change, before anything else can happen. */
  readonly onRecorded: () => void;
};

/** Reads and checks the whole ledger. */
export async function openBook({ ledger, epoch, onRecorded }: OpenBookDeps): Promise<Book> {
  const shelf: Shelf = { rollouts: new Map(), agents: new Map() };
  const entries = await ledger.readAll(0);
  verifyChain(entries);
  for (const entry of entries) shelve(shelf, entry);

  // One change at a time: each decides on the state that the one before has left.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = last.then(change);
    last = result.catch(() => undefined);
    return result;
  }

  async function append(subject: string, event: RolloutEvent | AgentEvent, expected: number): Promise<void> {
    shelve(shelf, await ledger.append(formatEvent(subject, event), expected, epoch()));
    onRecorded();
  }

  return {
    rollouts: () => [...shelf.rollouts.values()].map(({ rollout }) => rollout),
    held: (id) => shelf.rollouts.get(id) ?? null,
    agents: () => [...shelf.agents.values()].map(({ record }) => record),
    agent: (name) => shelf.agents.get(name)?.record ?? null,
    start: (decide) =>
      inTurn(async () => {
        const event = decide();
        await append(event.rollout, event, 0);
        return heldRollout(shelf, event.rollout).rollout;
      }),
    record: (id, event) =>
      inTurn(async () => {
        const { rollout, sequence } = heldRollout(shelf, id);
        if (advance(rollout, event) !== rollout) await append(id, event, sequence);
        return heldRollout(shelf, id).rollout;
      }),
    recordAgent: (agent, decide) =>
      inTurn(async () => {
        const held = shelf.agents.get(agent) ?? { record: newAgent(agent), sequence: 0 };
        const event = decide(held.record);
        const means = event !== null && advanceAgent(held.record, event) !== held.record;
        if (means) await append(agentSubject(agent), event, held.sequence);
        return shelf.agents.get(agent)?.record ?? held.record;
      }),
  };
}

function heldRollout(shelf: Shelf, id: string): HeldRollout {
  const held = shelf.rollouts.get(id);
  if (held === undefined) throw new Error(`the ledger holds no rollout ${id}`);
  return held;
}

function shelve({ rollouts, agents }: Shelf, entry: LedgerEntry): void {
  const { subject, sequence } = entry;
  if (subject.startsWith(AGENT_SUBJECT)) {
    const name = parseAgentName(subject.slice(AGENT_SUBJECT.length));
    const record = advanceAgent(agents.get(name)?.record ?? newAgent(name), parseAgentEvent(entry));
    agents.set(name, { record, sequence });
    return;
  }
  const event = parseRolloutEvent(entry);
  if (event.type === "applied") {
    rollouts.set(subject, { rollout: startRollout(event), evidence: null, sequence });
    return;
  }
  const held = rollouts.get(subject);
  if (held === undefined)
    throw new Error(`the ledger's entry ${sequence} is about ${subject}, which was never applied`);
  const rollout = advance(held.rollout, event);
  rollouts.set(subject, { rollout, evidence: foldEvidence(held.evidence, rollout, event), sequence });
}
