import { randomUUID } from "node:crypto";
import type { Log } from "@perch/adapters/json-log";
import { LedgerError, type Leadership, type Ledger } from "@perch/domain";
import type { Server } from "../create-server.ts";
import { createElection, type Election, type Standing } from "./election.ts";
import { createForwarder } from "./forward.ts";
import { createFront, type Front, type ServingReign } from "./front.ts";
import type { Term } from "./term.ts";
import { watchLedger } from "./watch-ledger.ts";

export type ServeElectedDeps = {
  readonly leadership: Leadership;
  readonly ledger: Ledger;
  readonly leaseMs: number;
  readonly build: (term: Term, ledger: Ledger) => Promise<Server>;
  /** The clocks of a server that leads. The answer stops them. */
  readonly startTimers: (server: Server) => () => void;
  /** Opens the ports; the answer says where, and how to break the connections that are open. */
  readonly listen: (front: Front) => Promise<{ readonly url: string; readonly drop: () => void }>;
  /** Where others reach this server, if not at the address that it listens on. */
  readonly advertiseUrl: string | null;
  readonly tick: () => number;
  readonly send: typeof fetch;
  readonly onHopeless: (error: unknown) => void;
  readonly log: Log;
};

export type Elected = {
  readonly url: string;
  /** As it stands after the first look. */
  readonly role: { readonly role: string; readonly epoch?: number; readonly leader?: string | null };
  /** To be called five times a lease. */
  readonly look: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** One of several servers of one database. It listens at once, and is its clients' server whether it leads or not. */
export async function serveElected(deps: ServeElectedDeps): Promise<Elected> {
  const forwarder = createForwarder(deps.send);
  let listening = { url: "", drop: (): void => {} };
  const ledger = watchLedger(deps.ledger, (reason) => election.resign(reason));
  const election = createElection<ServingReign>({
    ...deps,
    url: () => deps.advertiseUrl ?? listening.url,
    forMs: deps.leaseMs,
    newTerm: randomUUID,
    async reign(term) {
      const server = await deps.build(term, ledger);
      return { server, end: deps.startTimers(server) };
    },
    isPassing: (error) => error instanceof LedgerError && error.code !== "broken" && error.code !== "unreadable",
    onChange() {
      // Gateways and pages follow streams of whoever led before: they ask again.
      forwarder.drop();
      listening.drop();
    },
  });
  listening = await deps.listen(createFront({ standing: () => election.standing(), forwarder }));
  await election.look();
  await untilStarted(election);
  return {
    url: listening.url,
    role: roleOf(election.standing()),
    look: () => election.look(),
    stop: () => election.stop(),
  };
}

const LOOK_AGAIN_MS = 20;

/** Until the ledger is read, if this server is the one that leads. */
async function untilStarted(election: Pick<Election<ServingReign>, "standing">): Promise<void> {
  while (election.standing().kind === "starting") await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}

function roleOf(standing: Standing<ServingReign>): Elected["role"] {
  switch (standing.kind) {
    case "leading":
      return { role: "leading", epoch: standing.epoch };
    case "starting":
      return { role: "starting" };
    case "following":
      return { role: "following", leader: standing.leader?.url ?? null };
  }
}
