import type { Digest } from "../release/digest.ts";
import type { Classifier, Strategy } from "../routing/strategy.ts";
import type { AgentRecord } from "./agent-record.ts";
import type { PlannedClassifier, PlannedStrategy } from "./plan.ts";
import type { Rollout } from "./rollout.ts";

/** Where a release answers what a turn is about, below each URL that it runs at. */
export const CLASSIFY_PATH = "/.well-known/perch/classify";
/** Of a baseline that classifies. */
const TIMEOUT_MS = 300;

/** The rollout's strategy with everything that a gateway needs. */
export function routedStrategy({ plan, baseline }: Rollout, record: AgentRecord): Strategy {
  const strategy = plan.strategy ?? { kind: "session" };
  if (strategy.kind !== "intent") return strategy;
  const { classifier } = strategy;
  switch (classifier.kind) {
    case "rules":
      return { ...strategy, classifier };
    case "http": {
      const { url, ...named } = classifier;
      return { ...strategy, classifier: { ...named, urls: [url] } };
    }
    case "baseline":
      return { ...strategy, classifier: classifierOf(baseline, record) };
  }
}

function classifierOf({ digest, version }: Rollout["baseline"], record: AgentRecord): Classifier {
  const urls = urlsOf(digest, record).map((url) => `${url}${CLASSIFY_PATH}`);
  return { kind: "http", name: record.agent, version, urls, timeoutMs: TIMEOUT_MS };
}

/**
 * The URL at which the canary runs, if the classifier is asked there: a canary that classifies would choose its own
 * sessions. Null when it does not.
 */
export function classifierAtCanary(
  plan: { readonly strategy?: PlannedStrategy },
  urls: readonly string[],
): string | null {
  const classifier: PlannedClassifier | null = plan.strategy?.kind === "intent" ? plan.strategy.classifier : null;
  if (classifier?.kind !== "http") return null;
  const place = placeOf(classifier.url);
  return urls.find((url) => placeOf(url) === place) ?? null;
}

export function urlsOf(release: Digest, { deployments }: AgentRecord): readonly string[] {
  return deployments.filter((held) => held.release === release).map(({ url }) => url);
}

/** Host and port; every name of this machine is one. Whatever stands behind them is one process, or goes together. */
function placeOf(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return `${isLoopback ? "localhost" : url.hostname}:${port}`;
}
