import {
  findUser,
  formatExtractor,
  judgeIntent,
  type AgentName,
  type Candidate,
  type CanaryRoute,
  type Classification,
  type Pin,
  type Utterance,
} from "@perch/domain";
import type { RoutedAgent } from "../table/route-index.ts";
import type { AskClassifier } from "./ask-classifier.ts";
import type { PreparedStrategy } from "./prepare-strategy.ts";
import { readParts, readUtterance, type AgentRequest } from "./read-utterance.ts";
import type { StrategyCounter } from "./strategy-counts.ts";

/** Finds out what a rollout's strategy has to know of a request. */
export type SessionTargeting = {
  /** By what a new session is drawn; null where sessions are drawn by their ids, so that there is nothing to find out. */
  candidateOf(request: AgentRequest, agent: RoutedAgent): Promise<Candidate | null>;
  /** A new session has got its pin. */
  placed(pin: Pin): void;
  /**
   * A later turn of a session. Some are classified again, to be counted and for nothing else: the promise is kept as soon as
   * the turn was read.
   */
  continued(request: AgentRequest, agent: RoutedAgent, pin: Pin): Promise<void>;
};

export type SessionTargetingDeps = {
  readonly ask: AskClassifier;
  readonly counter: Pick<StrategyCounter, "placed" | "audited">;
  /** From 0 to below 1. */
  readonly random: () => number;
};

type PreparedIntent = Extract<PreparedStrategy, { kind: "intent" }>;
type Question = { readonly agent: AgentName; readonly prepared: PreparedIntent };

/** Later turns that are classified at once: first turns come before them. */
const MOST_AUDITS_AT_ONCE = 4;

export function createSessionTargeting({ ask, counter, random }: SessionTargetingDeps): SessionTargeting {
  let audits = 0;

  async function classify(utterance: Utterance, { agent, prepared }: Question): Promise<Classification> {
    const { classifier } = prepared;
    return classifier.kind === "rules" ? classifier.say(utterance) : await ask(classifier, { agent, utterance });
  }

  async function audit(utterance: Utterance, question: Question, pin: Pin): Promise<void> {
    const { targeting } = pin;
    if (targeting?.kind !== "intent") return;
    audits += 1;
    try {
      const said = await classify(utterance, question);
      const found = judgeIntent(said, question.prepared.strategy, targeting.rollout);
      counter.audited(pin.agent, targeting, { kind: "compared", assigned: targeting, found });
    } finally {
      audits -= 1;
    }
  }

  return {
    async candidateOf(request, { route, strategy }) {
      const { canary, agent } = route;
      if (canary === null || strategy.kind === "session") return null;
      if (strategy.kind === "user") return await userCandidate(request, canary, strategy);
      const utterance = await readUtterance(request, placesOf(route, strategy));
      const said = await classify(utterance, { agent, prepared: strategy });
      const targeting = judgeIntent(said, strategy.strategy, canary.rollout);
      return { key: targeting.outcome === "eligible" ? { kind: "session" } : null, targeting };
    },
    placed: (pin) => counter.placed(pin),
    async continued(request, { route, strategy }, pin) {
      const { canary, agent } = route;
      const { targeting } = pin;
      if (canary === null || strategy.kind !== "intent" || targeting?.rollout !== canary.rollout) return;
      if (random() * 10_000 >= strategy.strategy.auditBp) return;
      if (audits >= MOST_AUDITS_AT_ONCE) {
        counter.audited(agent, targeting, { kind: "dropped" });
        return;
      }
      const utterance = await readUtterance(request, placesOf(route, strategy));
      // Nobody waits for it.
      void audit(utterance, { agent, prepared: strategy }, pin);
    },
  };
}

async function userCandidate(
  request: AgentRequest,
  { rollout }: CanaryRoute,
  { userKey }: Extract<PreparedStrategy, { kind: "user" }>,
): Promise<Candidate> {
  for (const place of userKey) {
    const user = findUser(place, await readParts(request, place));
    if (user !== null) {
      return { key: { kind: "user", id: user }, targeting: { kind: "user", rollout, place: formatExtractor(place) } };
    }
  }
  return { key: null, targeting: { kind: "user", rollout, place: null } };
}

function placesOf(
  { sessionExtractors }: RoutedAgent["route"],
  strategy: PreparedIntent,
): Parameters<typeof readUtterance>[1] {
  return { places: strategy.strategy.text, sessionExtractors };
}
