import type { Question, QuestionAnswer } from "@perch/api";
import type { GatewayId } from "@perch/domain";
import type { GatewayHub } from "./hub.ts";

type Ask = Question["ask"];
type Answer = QuestionAnswer["answer"];

/** Asks gateways, over the stream that each holds open: none needs an address that the server could reach. */
export interface GatewayQuestions {
  /** Null when it is not connected or has not answered in time. */
  ask(gateway: GatewayId, ask: Ask): Promise<Answer | null>;
  /** What a gateway answered. An answer that nobody waits for any more is dropped. */
  take(gateway: GatewayId, answer: QuestionAnswer): void;
}

export type GatewayQuestionsDeps = {
  readonly hub: Pick<GatewayHub, "ask">;
  readonly newId: () => string;
  readonly wait: (ms: number) => Promise<void>;
};

/** A person waits for the others; a large store takes its time for its pins, and one that is away some to be given up. */
const PATIENCE_MS: Readonly<Record<Ask["kind"], number>> = { session: 2000, pins: 60_000, about: 5000 };

export function createGatewayQuestions({ hub, newId, wait }: GatewayQuestionsDeps): GatewayQuestions {
  const open = new Map<string, { readonly gateway: GatewayId; readonly settle: (answer: Answer | null) => void }>();
  return {
    async ask(gateway, ask) {
      const id = newId();
      const { promise, resolve } = Promise.withResolvers<Answer | null>();
      open.set(id, { gateway, settle: resolve });
      if (!hub.ask(gateway, { id, ask })) resolve(null);
      void wait(PATIENCE_MS[ask.kind]).then(() => resolve(null));
      const answer = await promise;
      open.delete(id);
      return answer;
    },
    take(gateway, { question, answer }) {
      const asked = open.get(question);
      if (asked?.gateway === gateway) asked.settle(answer);
    },
  };
}
