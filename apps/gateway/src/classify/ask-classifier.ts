import { classifyAnswerSchema, type ClassifyRequest } from "@perch/api";
import { isIntent, type Classification, type HttpClassifier, type Unsure, type Utterance } from "@perch/domain";
import { createRecentMap } from "../pins/recent-map.ts";
import { createBreaker, type Breaker } from "./breaker.ts";
import { LinkFailure, type ClassifierLink } from "./classifier-link.ts";

/** Asks HTTP classifiers. Whatever goes wrong is a reason to be unsure, never an error. */
export type AskClassifier = (
  classifier: HttpClassifier,
  question: { readonly agent: string; readonly utterance: Utterance },
) => Promise<Classification>;

export type AskClassifierDeps = {
  readonly link: Pick<ClassifierLink, "post">;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
};

/** Questions to one classifier at once. More would wait for it longer than it is waited for. */
const MOST_AT_ONCE = 64;
const MOST_CHARACTERS = 4000;
const REMEMBERED = 100;

type Asked = { readonly breaker: Breaker; underWay: number; count: number };

export function createAskClassifier({ link, tick }: AskClassifierDeps): AskClassifier {
  const known = createRecentMap<Asked>(REMEMBERED, () => {});
  const stateOf = (classifier: HttpClassifier): Asked => {
    const key = [classifier.version, ...classifier.urls].join(" ");
    const state = known.get(classifier.name, key) ?? { breaker: createBreaker(tick), underWay: 0, count: 0 };
    known.set(classifier.name, key, state);
    return state;
  };
  return async (classifier, question) => {
    const state = stateOf(classifier);
    const url = classifier.urls[state.count % classifier.urls.length];
    if (url === undefined) return unsure("unreachable");
    if (state.underWay >= MOST_AT_ONCE) return unsure("busy");
    if (!state.breaker.lets()) return unsure("circuitOpen");
    state.underWay += 1;
    state.count += 1;
    try {
      const text = await link.post(url, JSON.stringify(questionTo(classifier, question)), classifier.timeoutMs);
      const said = readAnswer(text, classifier.version);
      if (said.kind === "unsure" && said.reason === "malformed") state.breaker.failed();
      else state.breaker.succeeded();
      return said;
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      state.breaker.failed();
      return unsure(error.reason);
    } finally {
      state.underWay -= 1;
    }
  };
}

function questionTo(
  { name, version }: HttpClassifier,
  { agent, utterance }: Parameters<AskClassifier>[1],
): ClassifyRequest {
  const { head, agentPath, text, body } = utterance;
  return {
    agent,
    classifier: { name, version },
    method: head.method,
    path: agentPath,
    text: text.slice(0, MOST_CHARACTERS),
    excerpt: body.slice(0, MOST_CHARACTERS),
  };
}

function readAnswer(text: string, version: string): Classification {
  const parsed = classifyAnswerSchema.safeParse(parseJson(text));
  if (!parsed.success) return unsure("malformed");
  const { intent, confidence } = parsed.data;
  if (parsed.data.version !== version) return unsure("versionMismatch");
  if (intent === null) return unsure("noIntent");
  return isIntent(intent) ? { kind: "intent", intent, confidence } : unsure("malformed");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unsure(reason: Unsure): Classification {
  return { kind: "unsure", reason };
}
