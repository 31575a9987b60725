import {
  parseAgentName,
  parseSessionId,
  readSpokenWords,
  textAttribute,
  type AppraisalStore,
  type RawSpan,
} from "@perch/domain";
import { isItsTurn, type ConfiguredScorer } from "./configured-scorer.ts";

type KeepWordsDeps = {
  readonly scorers: readonly ConfiguredScorer[];
  readonly store: Pick<AppraisalStore, "keepWords">;
  readonly now: () => number;
};

/**
 * Keeps what these spans say that was said, as far as a scorer is to be sent it. Spans that do not name their session may
 * belong to one that is judged; their words are forgotten when its turn record says otherwise.
 */
export function keepWords(spans: readonly RawSpan[], { scorers, store, now }: KeepWordsDeps): void {
  const senders = scorers.filter(({ sendsWords }) => sendsWords);
  if (senders.length === 0) return;
  const words = spans.filter((span) => mayBeJudged(span, senders)).flatMap((span) => readSpokenWords(span) ?? []);
  if (words.length > 0) store.keepWords(words, now());
}

function mayBeJudged({ attributes, resource }: RawSpan, senders: readonly ConfiguredScorer[]): boolean {
  const attribute = (key: string): string | null => textAttribute(attributes, key) ?? textAttribute(resource, key);
  if (attribute("perch.arm") === "shadow") return false;
  const [agent, session] = [attribute("perch.agent"), attribute("perch.session.id")];
  if (agent === null || session === null) return true;
  try {
    const key = { agent: parseAgentName(agent), session: parseSessionId(session) };
    return senders.some((sender) => isItsTurn(sender, key));
  } catch {
    // Names that no gateway gives: then the trace tells.
    return true;
  }
}
