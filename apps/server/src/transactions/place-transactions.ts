import type {
  AgentName,
  AgentRecord,
  Digest,
  RecordedSession,
  SaidTransaction,
  SessionSource,
  TransactionReport,
} from "@perch/domain";
import type { Book } from "../controller/book.ts";

export type PlaceDeps = {
  readonly book: Pick<Book, "agents">;
  readonly sessions: Pick<SessionSource, "recorded">;
};

/** Reports with the place in their batch, and what is wrong with the others. */
export type Placed = {
  readonly reports: readonly TransactionReport[];
  readonly problems: readonly { readonly index: number; readonly problem: string }[];
};

/** Finds out whose transactions they are: by the release that they name, by their agent, or by the session's turns. */
export async function placeTransactions(said: readonly SaidTransaction[], deps: PlaceDeps): Promise<Placed> {
  const owners: (Owner | string)[] = [];
  // One after the other: a batch of ten thousand must not become as many questions at once.
  for (const one of said) owners.push(await ownerOf(one, deps));
  return {
    reports: said.flatMap((one, index) => {
      const owner = owners[index];
      return owner === undefined || typeof owner === "string" ? [] : reportOf(one, owner);
    }),
    problems: owners.flatMap((owner, index) => (typeof owner === "string" ? [{ index, problem: owner }] : [])),
  };
}

type Owner = { readonly agent: AgentName; readonly release: Digest | null };

/** A sentence where nobody can be found. A release that is not known yet is looked up later, by the session. */
async function ownerOf(said: SaidTransaction, { book, sessions }: PlaceDeps): Promise<Owner | string> {
  const { agent, release, session } = said;
  const known = book.agents();
  const owner = known.find(({ releases }) => releases.some(({ digest }) => digest === release))?.agent ?? null;
  if (owner !== null) return ofRelease(said, owner);
  if (agent !== null) return ofAgent(agent, known);
  const isOfOne = known.length === 1 || session === null;
  const [only, another] = isOfOne ? known : await sessions.recorded({ session, agent: null });
  if (only !== undefined && another === undefined) return { agent: only.agent, release: null };
  return "found neither a known release nor an agent, nor a session of one agent alone, expected one of them";
}

function ofRelease({ agent, release }: SaidTransaction, owner: AgentName): Owner | string {
  if (agent === null || agent === owner) return { agent: owner, release };
  return `found a release of ${owner}, expected one of ${agent}`;
}

function ofAgent(agent: AgentName, known: readonly AgentRecord[]): Owner | string {
  if (known.some((one) => one.agent === agent)) return { agent, release: null };
  const expected = known.length === 0 ? "one that is deployed" : `one of ${known.map((one) => one.agent).join(", ")}`;
  return `found the agent ${agent}, expected ${expected.slice(0, 500)}`;
}

function reportOf(said: SaidTransaction, { agent, release }: Owner): readonly TransactionReport[] {
  const { tool, id, session, at } = said;
  if (said.state === "closed") return [{ state: "closed", agent, tool, id, closedAt: at }];
  // Whoever opens one has named its session, or was refused.
  return session === null ? [] : [{ state: "open", agent, tool, id, session, release, openedAt: at }];
}

/** Which release served a session at a moment; null while no turn of it is on record. */
export function releaseAt({ byRelease }: RecordedSession, at: number): Digest | null {
  const inOrder = byRelease.toSorted((a, b) => a.firstAt - b.firstAt);
  return (inOrder.findLast(({ firstAt }) => firstAt <= at) ?? inOrder[0])?.release ?? null;
}
