import type { Structure } from "../gate/gate-spec.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import { featureKey, type Feature } from "./feature.ts";

/** Calls of one tool that are told apart: at all, and often (`statistics.md` 3.6: without the latter loops are not found). */
const CALL_COUNTS = [1, 4] as const;
/** Runs of the same call that are told apart. */
const RUNS = [2, 3, 6] as const;
export const REPEATS: readonly Extract<Feature, { kind: "repeats" }>[] = RUNS.map((atLeast) => ({
  kind: "repeats",
  atLeast,
}));

type Family = "order" | "shapes" | "loops";
const FAMILIES: Readonly<Record<Structure, readonly Family[]>> = {
  "trace.structure": ["order", "shapes", "loops"],
  "trace.tool_ngrams": ["order"],
  "trace.argument_shapes": ["shapes"],
  "trace.loops": ["loops"],
};

export function hasFamily(structure: Structure, family: Family): boolean {
  return FAMILIES[structure].includes(family);
}

/**
 * The features that one session has, of those that can be named without knowing others: which tools, how often, in which
 * order, with which arguments, and how often the same call in a row. Each once.
 */
export function featuresOf(session: MaturedSession, structure: Structure): readonly Feature[] {
  const features: Feature[] = [];
  if (hasFamily(structure, "order")) features.push(...ordersOf(session.toolSequence), ...callsOf(session.toolSequence));
  if (hasFamily(structure, "shapes")) {
    features.push(...session.measures.argumentShapes.map((shape): Feature => ({ kind: "shape", shape })));
  }
  if (hasFamily(structure, "loops")) {
    const longest = session.measures.loops + 1;
    features.push(...REPEATS.filter(({ atLeast }) => longest >= atLeast));
  }
  return [...new Map(features.map((feature) => [featureKey(feature), feature])).values()];
}

function ordersOf(tools: readonly string[]): readonly Feature[] {
  return tools.map((tool, i) => ({ kind: "follows", after: tools[i - 1] ?? null, tool }));
}

function callsOf(tools: readonly string[]): readonly Feature[] {
  const counts = new Map<string, number>();
  for (const tool of tools) counts.set(tool, (counts.get(tool) ?? 0) + 1);
  return [...counts].flatMap(([tool, count]) =>
    CALL_COUNTS.flatMap((atLeast): readonly Feature[] => (count >= atLeast ? [{ kind: "calls", tool, atLeast }] : [])),
  );
}
