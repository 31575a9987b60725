import {
  actionDue,
  callOf,
  canonicalJson,
  currentRelease,
  deadlineOf,
  deliveryId,
  signWebhook,
  type AgentRecord,
  type CallAction,
  type Digest,
  type HookSender,
  type OpenTransaction,
  type Retirement,
  type TransactionStore,
  type WebhookSecret,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import { createAttempts } from "../hooks/attempts.ts";
import type { ToolEndpoints } from "./tool-endpoints.ts";

/** Has tools end or hand over what is open when the deadline of a drain has passed; again and again until they agree. */
export interface TransactionHooks {
  /** Begins whatever is due and not under way. Returns at once. */
  tick(): void;
  /** When every call that is under way has ended. */
  settled(): Promise<void>;
}

export type TransactionHooksDeps = {
  readonly book: Book;
  readonly store: Pick<TransactionStore, "open" | "record" | "reassign">;
  readonly endpoints: ToolEndpoints;
  readonly sender: HookSender;
  readonly secrets: readonly WebhookSecret[];
  readonly now: () => number;
  readonly log: Pick<Log, "warn">;
};

type Call = {
  readonly id: string;
  readonly record: AgentRecord;
  readonly retirement: Retirement;
  readonly transaction: OpenTransaction;
  readonly action: CallAction;
  readonly to: Digest | null;
};

const TIMEOUT_MS = 10_000;
const MOST_AT_ONCE = 16;
const PAGE = 200;

/** What is due is found out each time from ledger and store, so that what a crash cut off is done again under the same id. */
export function createTransactionHooks(deps: TransactionHooksDeps): TransactionHooks {
  const attempts = createAttempts(deps.now, () => {
    if (isCut) tick();
  });
  let looking: Promise<void> | null = null;
  /** There may be more than could be begun. */
  let isCut = false;

  async function look(): Promise<void> {
    const seen = new Set<string>();
    try {
      for await (const call of dueCalls(deps)) {
        isCut = attempts.underWay().length >= MOST_AT_ONCE;
        if (isCut) return;
        seen.add(call.id);
        attempts.begin(call.id, (count) => make(call, count, deps));
      }
    } catch (error) {
      deps.log.warn("cannot look for open transactions now; they are looked for again", { reason: reasonOf(error) });
      return;
    }
    attempts.forget((id) => seen.has(id));
  }

  function tick(): void {
    looking ??= look().finally(() => {
      looking = null;
    });
  }

  async function settled(): Promise<void> {
    const all = [...attempts.underWay(), ...(looking === null ? [] : [looking])];
    if (all.length === 0) return;
    await Promise.all(all);
    return await settled();
  }

  return { tick, settled };
}

async function* dueCalls({ book, store, now }: TransactionHooksDeps): AsyncGenerator<Call> {
  for (const record of book.agents()) {
    const to = takerOf(record, book);
    for (const retirement of record.retirements) {
      const action = actionDue(retirement, now());
      const isPossible = action === "cancel" || (action === "transfer" && to !== null && to !== retirement.release);
      if (!isPossible) continue;
      const query = { agent: record.agent, release: retirement.release };
      for await (const transaction of allOpen(query, store)) {
        yield callFor(transaction, { record, retirement, action, to: action === "transfer" ? to : null });
      }
    }
  }
}

/** Nothing is handed over to a release that does not run. */
function takerOf(record: AgentRecord, book: Book): Digest | null {
  const current = currentRelease(record, book.rollouts());
  return record.deployments.some(({ release }) => release === current) ? current : null;
}

async function* allOpen(
  query: Pick<Parameters<TransactionStore["open"]>[0], "agent" | "release">,
  store: Pick<TransactionStore, "open">,
): AsyncGenerator<OpenTransaction> {
  let after: OpenTransaction | null = null;
  do {
    const page: readonly OpenTransaction[] = await store.open({ ...query, after, limit: PAGE });
    yield* page;
    after = page.length < PAGE ? null : (page.at(-1) ?? null);
  } while (after !== null);
}

function callFor(transaction: OpenTransaction, about: Omit<Call, "id" | "transaction">): Call {
  const { retirement, action, to } = about;
  const { tool, id } = transaction;
  // A release that came back and drained again tells again, and so does another one that takes over.
  const occasion = [action, retirement.since, ...(to === null ? [] : [to])].join("-");
  const hook = `transaction/${JSON.stringify([tool, id])}`;
  return { id: deliveryId({ rollout: retirement.rollout, hook, occasion }), transaction, ...about };
}

async function make(call: Call, count: number, deps: TransactionHooksDeps): Promise<void> {
  const { transaction, record, action } = call;
  try {
    if (heldOf(call, deps)?.standing.kind !== "agreed") await ask(call, count, deps);
    if (heldOf(call, deps)?.standing.kind === "agreed") await settle(call, deps);
  } catch (error) {
    const { tool, id } = transaction;
    deps.log.warn("cannot have a transaction ended now; it is tried again", {
      agent: record.agent,
      tool,
      id,
      action,
      reason: reasonOf(error),
    });
  }
}

/** By what is in the ledger now: the answer of a moment ago is. */
function heldOf({ record, retirement, transaction, action, to }: Call, { book }: TransactionHooksDeps) {
  const now = book.agent(record.agent)?.retirements.find(({ release }) => release === retirement.release);
  const { tool, id } = transaction;
  return now === undefined ? null : callOf(now, { tool, id, action, to });
}

async function ask(call: Call, count: number, deps: TransactionHooksDeps): Promise<void> {
  const { record, retirement, transaction, action, to } = call;
  const { sender, secrets, now, book, endpoints } = deps;
  const { tool, id, session } = transaction;
  const { release } = retirement;
  const about = { release, tool, id, action, to };
  const url = await endpoints.urlOf({ agent: record.agent, digest: release }, { tool, action });
  if (url === null) {
    const refused = { status: null, detail: `${tool} declares no lifecycle.${action}`, attempts: count - 1 };
    await book.recordAgent(record.agent, () => ({ type: "transactionHookRefused", at: now(), ...about, ...refused }));
    return;
  }
  await book.recordAgent(record.agent, () => ({ type: "transactionHookCalled", at: now(), ...about, session, url }));
  const body = bodyOf(call);
  const headers = signWebhook({ id: call.id, body, at: now() }, secrets);
  const { status, detail } = await sender.post({ url, body, headers, timeoutMs: TIMEOUT_MS });
  const made = { ...about, attempts: count };
  await book.recordAgent(record.agent, () =>
    status !== null && status >= 200 && status < 300
      ? { type: "transactionHookAgreed", at: now(), ...made, status }
      : { type: "transactionHookRefused", at: now(), ...made, status, detail },
  );
}

/** The ledger has it; a crash before this is made good by the next look. */
async function settle({ transaction, retirement, to }: Call, { store, now }: TransactionHooksDeps): Promise<void> {
  const { agent, tool, id } = transaction;
  if (to === null) await store.record([{ state: "closed", agent, tool, id, closedAt: now() }]);
  else await store.reassign({ agent, tool, id }, { from: retirement.release, to });
}

/** The same at every attempt. */
function bodyOf({ record, retirement, transaction, action, to }: Call): string {
  const named = (digest: Digest) => ({
    digest,
    version: record.releases.find((one) => one.digest === digest)?.version ?? "",
  });
  const { tool, id, session, openedAt } = transaction;
  const data = {
    agent: record.agent,
    release: named(retirement.release),
    rollout: retirement.rollout,
    tool,
    id,
    session,
    openedAt: new Date(openedAt).toISOString(),
  };
  return canonicalJson({
    type: `transaction.${action}`,
    timestamp: new Date(deadlineOf(retirement) ?? retirement.since).toISOString(),
    data: to === null ? data : { ...data, to: named(to) },
  });
}
