import type { ChatAnswer, ChatClient, ChatOutcome } from "../chat/chat-client.ts";
import type { Customer } from "./customer.ts";
import { firstMessage, nextMessage } from "./messages.ts";

export type SessionResult = {
  /** `open`: nobody answered when it was time to stop, and nobody will ask again. */
  readonly kind: "finished" | "failed" | "open";
  /** Releases that answered, each once, in order of appearance. */
  readonly versions: readonly string[];
  readonly isEscalated: boolean;
  readonly turns: number;
  readonly retries: number;
};

export type SessionDeps = {
  readonly client: ChatClient;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  readonly isStopping: () => boolean;
};

// Longer than a gateway is away that is started again, on a busy machine too.
const PATIENCE_MS = 120_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 1_500;

/** A whole conversation, then closing the chat. A message that got no answer is sent again under the same session id. */
export async function runSession(sessionId: string, customer: Customer, deps: SessionDeps): Promise<SessionResult> {
  const versions = new Set<string>();
  let last: ChatAnswer | null = null;
  let turns = 0;
  let retries = 0;
  const result = (kind: SessionResult["kind"]): SessionResult => ({
    kind,
    versions: [...versions],
    isEscalated: last?.isEscalated ?? false,
    turns,
    retries,
  });
  const patiently = async (attempt: () => Promise<ChatOutcome>) => {
    const { outcome, tries } = await retry(attempt, deps);
    retries += tries - 1;
    if (outcome.kind !== "answered") return outcome.kind === "unavailable" && deps.isStopping() ? "open" : "failed";
    versions.add(outcome.answer.version);
    return outcome.answer;
  };
  for (let isLast = false; !isLast; turns += 1) {
    // Someone who is handed over says thanks and waits for the colleague.
    isLast = turns === customer.plannedMessages - 1 || last?.isEscalated === true;
    const message: string = last === null ? firstMessage(customer) : nextMessage(customer, last.text, isLast);
    const answer = await patiently(() => deps.client.send(sessionId, message));
    if (answer === "open" || answer === "failed") return result(answer);
    last = answer;
  }
  const ended = await patiently(() => deps.client.end(sessionId));
  return result(ended === "open" || ended === "failed" ? ended : "finished");
}

async function retry(
  attempt: () => Promise<ChatOutcome>,
  { sleep, now, isStopping }: SessionDeps,
): Promise<{ readonly outcome: ChatOutcome; readonly tries: number }> {
  const giveUpAt = now() + PATIENCE_MS;
  let pauseMs = FIRST_PAUSE_MS;
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt();
    if (outcome.kind !== "unavailable" || now() + pauseMs > giveUpAt || isStopping()) return { outcome, tries };
    await sleep(pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}
