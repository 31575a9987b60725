import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readersOf } from "../gate/readers-of.ts";
import { advance, startRollout } from "./advance.ts";
import { foldEvidence, judgeBoard, type Evidence } from "./evidence.ts";
import { foldRollout, parseAgentEvent, parseRolloutEvent } from "./ledger-form.ts";
import { type LedgerEntry } from "./ledger.ts";
import type { Rollout } from "./rollout.ts";
import { verifyChain } from "./verify-chain.ts";

type Recorded = {
  readonly phase: string;
  readonly reason: string;
  readonly culprits: readonly string[];
  readonly timeline: readonly unknown[];
  readonly entries: readonly LedgerEntry[];
};

/** Whole ledgers of two rollouts, and what the version that wrote them made of them. Never edited: a new one is added. */
const LEDGERS = JSON.parse(
  readFileSync(new URL("./__fixtures__/ledgers-of-november-2026.json", import.meta.url), "utf8"),
) as readonly Recorded[];

test.each(LEDGERS.map((ledger, index) => ({ index, ledger })))(
  "ledger $index of an earlier version is read as that version read it",
  ({ ledger }) => {
    verifyChain(ledger.entries);
    const isOfAgent = ({ subject }: LedgerEntry): boolean => subject.startsWith("agent/");
    expect(ledger.entries.filter(isOfAgent).map((entry) => parseAgentEvent(entry).at)).toHaveLength(4);
    const { phase, reason, decision, timeline } = foldRollout(ledger.entries.filter((entry) => !isOfAgent(entry)));
    expect({ phase: phase.kind, reason, culprits: decision?.culprits }).toEqual({
      phase: ledger.phase,
      reason: ledger.reason,
      culprits: ledger.culprits,
    });
    expect(timeline).toMatchObject(ledger.timeline);
  },
);

/** Of a gate whose landmark was read with its blocks, and what the version that wrote it made of the evidence. */
const AVERAGED = JSON.parse(
  readFileSync(new URL("./__fixtures__/ledger-with-averaged-landmark-of-november-2026.json", import.meta.url), "utf8"),
) as Recorded & { readonly logE: Readonly<Record<string, number>> };

test("a ledger with landmarks in its blocks is judged as it was, both views together", () => {
  verifyChain(AVERAGED.entries);
  const [first, ...events] = AVERAGED.entries
    .filter(({ subject }) => !subject.startsWith("agent/"))
    .map(parseRolloutEvent);
  if (first?.type !== "applied") throw new Error("found no beginning of a rollout");
  let [rollout, evidence]: [Rollout, Evidence | null] = [startRollout(first), null];
  for (const event of events) {
    rollout = advance(rollout, event);
    evidence = foldEvidence(evidence, rollout, event);
    // What the ledger says was decided is what these blocks say now.
    if (event.type === "blockJudged") {
      const board = evidence?.board ?? expect.fail("there is a board once there are blocks");
      expect(judgeBoard(board, rollout).logE["escalation-rate"]).toBeCloseTo(
        event.judgement.logE["escalation-rate"] ?? 0,
        9,
      );
    }
  }
  expect([rollout.phase.kind, rollout.reason, rollout.decision?.culprits]).toEqual([
    AVERAGED.phase,
    AVERAGED.reason,
    AVERAGED.culprits,
  ]);
  expect(rollout.landmarks).toEqual({});
  expect(readersOf(evidence?.board ?? expect.fail("there is a board"))[0]).toMatchObject({ landmarkMs: 10_000 });
});
