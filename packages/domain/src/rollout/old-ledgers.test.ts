import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { foldRollout, parseAgentEvent } from "./ledger-form.ts";
import { type LedgerEntry } from "./ledger.ts";
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
