import { headersIn, otlpBase, sendJson, type Receipt } from "../telemetry/send-json.ts";
import type { Environment } from "../telemetry/telemetry.ts";
import { currentScope } from "../turn/turn-scope.ts";

export type TransactionOptions = {
  /** Whose, where it is not the present request's. */
  readonly session?: string;
  /** When, epoch ms; now, unless said. */
  readonly at?: number;
};

/** Tells Perch of work that goes on after a tool's call, so that its release is not taken away before it is over. */
export type Transaction = {
  /** `accepted`: Perch has it, also through a crash. Said again it counts once. */
  open(tool: string, id: string, options?: TransactionOptions): Promise<Receipt>;
  /** For good, from any session or none. */
  close(tool: string, id: string, options?: TransactionOptions): Promise<Receipt>;
};

export type TransactionReport = {
  readonly tool: string;
  readonly id: string;
  readonly state: "open" | "closed";
  readonly session: string | null;
  readonly release: string | null;
  readonly agent: string | null;
  readonly at: number;
};

export type TransactionSender = (report: TransactionReport) => Promise<Receipt>;

type TransactionDeps = {
  readonly send: TransactionSender;
  readonly now: () => number;
  readonly agent: string | null;
  readonly release: string | null;
};

/** Never rejects because of the network: the receipt says what became of it. */
export function createTransaction(deps: TransactionDeps): Transaction {
  const say =
    (state: TransactionReport["state"]): Transaction["open"] =>
    async (tool, id, { session, at = deps.now() } = {}) => {
      const place = placeOf(session ?? null, deps.release);
      if (place === "shadow") return { kind: "skipped", because: "it is a shadow's, which begins nothing" };
      if (place.session === null && state === "open") {
        return { kind: "skipped", because: "no session is known here: give options.session" };
      }
      return await deps.send({ tool, id, state, ...place, agent: deps.agent, at });
    };
  return { open: say("open"), close: say("closed") };
}

function placeOf(named: string | null, own: string | null): "shadow" | Pick<TransactionReport, "session" | "release"> {
  const current = currentScope()?.session ?? null;
  if (current?.isShadow === true) return "shadow";
  const present = current?.session ?? null;
  // Another session may be pinned to another release: Perch looks it up.
  if (named !== null && named !== present) return { session: named, release: null };
  return { session: present, release: current?.release ?? own };
}

/** To Perch itself: a collector in between does not know of transactions. */
export function createTransactionSender(environment: Environment, endpoint: string | null): TransactionSender {
  const base = environment["PERCH_SERVER"]?.replace(/\/$/, "") || otlpBase(environment, endpoint);
  const headers = headersIn(environment["OTEL_EXPORTER_OTLP_HEADERS"]);
  const target = { url: `${base}/v1/transactions`, headers, receiptIn: (): Receipt => ({ kind: "accepted" }) };
  return async (report) => await sendJson({ transactions: [report] }, target);
}
