import type { ArmCounts, Block } from "./block.ts";
import { NO_COUNTS } from "./arm-counts.ts";
import { boundOf } from "./absolute-evidence.ts";
import { countAbove } from "./count-above.ts";
import type { GateSpec, MeanGate, Objective, QuantileGate } from "./gate-spec.ts";
import { absoluteCounts, valuesOfBlock } from "./learnt.ts";
import type { WindowPart } from "./merged-windows.ts";

/** A block as a part of a window, and the largest "bad" a session that a window may have; null without an objective. */
export type WindowReading = { readonly part: WindowPart; readonly largestBadRate: number | null };

/**
 * What the objective is compared with: the rate of bad sessions, the share of sessions beyond the promised quantile, or the
 * mean of values (whose "bad" is then their sum, with its sign turned round where a small mean is bad).
 */
export function readWindow(gate: GateSpec, block: Block): WindowReading {
  const counts = block.counts[gate.name] ?? NO_COUNTS;
  switch (gate.kind) {
    case "proportion":
    case "score":
      return { part: partOf(block, counts), largestBadRate: gate.objective && largestRate(gate.objective) };
    case "mean":
    case "rate":
      return meanWindow(gate, block);
    case "quantile":
      return quantileWindow(gate, block);
    case "distribution": {
      const { canarySessions } = block;
      return { part: partOf(block, { ...NO_COUNTS, canarySessions }), largestBadRate: null };
    }
    case "absolute": {
      const bad = absoluteCounts(gate, counts, valuesOfBlock(block, gate.name));
      return { part: partOf(block, bad), largestBadRate: boundOf(gate) };
    }
  }
}

/** The objective as the largest acceptable rate of bad sessions. */
export function largestRate(objective: Objective): number {
  return "max" in objective ? objective.max : 1 - objective.min;
}

function meanWindow({ name, objective }: MeanGate, block: Block): WindowReading {
  const { canary } = valuesOfBlock(block, name);
  const isFloor = objective !== null && "min" in objective;
  const sum = canary.reduce((total, value) => total + value, 0);
  const part = partOf(block, { ...NO_COUNTS, canarySessions: canary.length, canaryBad: isFloor ? -sum : sum });
  if (objective === null) return { part, largestBadRate: null };
  return { part, largestBadRate: "max" in objective ? objective.max : -objective.min };
}

function quantileWindow({ name, objective, q }: QuantileGate, block: Block): WindowReading {
  const limit = objective?.max ?? Infinity;
  const beyond = countAbove(valuesOfBlock(block, name), { baseline: limit, canary: limit });
  return { part: partOf(block, beyond), largestBadRate: objective && 1 - q };
}

function partOf({ openedAt, closedAt }: Block, { canarySessions, canaryBad }: ArmCounts): WindowPart {
  return { openedAt, closedAt, sessions: canarySessions, bad: canaryBad };
}
