import type { Change, ComponentKind } from "./change.ts";

/** What matters most comes first: what cannot be undone, then what breaks, then what behaves otherwise, then the rest. */
const RANKS = [
  "memory lost after a rollback",
  "memory lost",
  "tool gone or doing more",
  "breaking parameter",
  "breaking result",
  "model",
  "policy",
  "prompt",
  "new tool",
  "orchestration",
  "tool",
  "memory",
  "description",
] as const;
type Rank = (typeof RANKS)[number];

/** Lower is more important. */
export function rankOf(change: Change, component: ComponentKind): number {
  return RANKS.indexOf(rank(change, component));
}

function rank(change: Change, component: ComponentKind): Rank {
  if (change.kind === "rewritten") return "description";
  switch (component) {
    case "memory":
      return rankOfMemory(change);
    case "tool":
      return rankOfTool(change);
    case "model":
    case "policy":
    case "prompt":
    case "orchestration":
      return component;
  }
}

function rankOfMemory({ kind, breaks }: Change): Rank {
  if (breaks.callers) return "memory lost after a rollback";
  return breaks.agents && kind !== "added" ? "memory lost" : "memory";
}

function rankOfTool(change: Change): Rank {
  const { breaks, kind } = change;
  const isBreaking = breaks.agents || breaks.callers;
  if (kind === "parameterChanged" || kind === "resultChanged") {
    if (isBreaking) return kind === "parameterChanged" ? "breaking parameter" : "breaking result";
    return change.how === "note" ? "description" : "tool";
  }
  if (kind === "endpointChanged" && isBreaking) return "breaking result";
  if (kind === "descriptionChanged") return "description";
  if (kind === "added") return "new tool";
  return isBreaking ? "tool gone or doing more" : "tool";
}
