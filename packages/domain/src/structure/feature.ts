/** Something that a session's tool use has or has not. */
export type Feature =
  /** `tool` is called right after `after`, or first of all when that is null. */
  | { readonly kind: "follows"; readonly after: string | null; readonly tool: string }
  | { readonly kind: "calls"; readonly tool: string; readonly atLeast: number }
  /** Some call follows another in a way that no frozen feature names. */
  | { readonly kind: "unknownOrder" }
  /** A call with exactly these argument names: `tool(key,key)`. */
  | { readonly kind: "shape"; readonly shape: string }
  | { readonly kind: "unknownShape" }
  /** The same call was made at least so many times in a row. */
  | { readonly kind: "repeats"; readonly atLeast: number }
  /** More tool calls in all than so many. */
  | { readonly kind: "moreCalls"; readonly than: number };

/** What a feature is, as something to compare: equal features have equal keys. */
export function featureKey(feature: Feature): string {
  return JSON.stringify(Object.values(feature));
}

/** The feature as what is done in a share of the sessions. */
export function describeFeature(feature: Feature): string {
  switch (feature.kind) {
    case "follows":
      return feature.after === null
        ? `the first call is \`${feature.tool}\``
        : `\`${feature.after}\` is called right before \`${feature.tool}\``;
    case "calls":
      return feature.atLeast === 1
        ? `\`${feature.tool}\` is called`
        : `\`${feature.tool}\` is called ${feature.atLeast} times or more`;
    case "unknownOrder":
      return "tools are called in an order that is new";
    case "shape":
      return `a call has the arguments \`${feature.shape}\``;
    case "unknownShape":
      return "a call has arguments that are new";
    case "repeats":
      return `the same call is made ${feature.atLeast} times or more in a row`;
    case "moreCalls":
      return `more than ${feature.than} tool calls are made`;
  }
}
