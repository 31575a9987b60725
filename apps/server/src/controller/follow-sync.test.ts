import { parseGatewayId, startRollout, type Phase, type Rollout } from "@perch/domain";
import { anAppliedEvent } from "@perch/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Spread } from "../gateways/hub.ts";
import { syncEvent } from "./follow-sync.ts";

const PUBLISHED_AT = 1000;
const revision = { epoch: 1, sequence: 2 };

function inPhase(phase: Phase): Rollout {
  return { ...startRollout(anAppliedEvent()), phase, phaseSince: PUBLISHED_AT };
}

type Answer = { readonly kind: "acked" | "fenced" | "silent"; readonly at: number };

function spreadOf(answers: readonly Answer[]): Spread {
  const gateways = answers.map(({ kind, at }, index) => ({
    gateway: parseGatewayId(`gw-${index}`),
    ackedAt: kind === "acked" ? at : null,
    fencedAt: kind === "fenced" ? at : null,
  }));
  return { revision, publishedAt: PUBLISHED_AT, gateways };
}

const anyAnswer: fc.Arbitrary<Answer> = fc.record({
  kind: fc.constantFrom("acked", "fenced", "silent"),
  at: fc.integer({ min: PUBLISHED_AT, max: 3000 }),
});
const anyAnswers = fc.array(anyAnswer, { maxLength: 8 });
const SHIFTING = inPhase({ kind: "Shifting", step: 0 });
const BACK = inPhase({ kind: "RollingBack" });

test("a step's clock begins when the last gateway had its weight, never when somebody looked (I5)", () => {
  fc.assert(
    fc.property(anyAnswers, fc.integer({ min: 3000, max: 3500 }), (answers, now) => {
      const event = syncEvent(SHIFTING, spreadOf(answers), now);
      const isSettled = answers.every(({ kind }) => kind !== "silent") && answers.some(({ kind }) => kind === "acked");
      const startsAt = event?.type === "synced" ? event.at : null;
      expect(startsAt).toBe(isSettled ? Math.max(...answers.map(({ at }) => at)) : null);
    }),
  );
});

test("a rollback is complete when every gateway acknowledged or its lease ran out, and not before", () => {
  fc.assert(
    fc.property(anyAnswers, (answers) => {
      const event = syncEvent(BACK, spreadOf(answers), 3000);
      expect(event?.type === "synced").toBe(answers.every(({ kind }) => kind !== "silent"));
    }),
  );
});
