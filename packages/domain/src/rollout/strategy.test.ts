import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseRolloutId } from "../routing/ids.ts";
import { startRollout } from "./advance.ts";
import { advanceAgent, newAgent, type AgentEvent } from "./agent-record.ts";
import { deriveRoute } from "./derive-routes.ts";
import type { RolloutPlan } from "./plan.ts";
import { classifierAtCanary } from "./routed-strategy.ts";
import { parseRolloutSpec } from "./spec.ts";

type Json = Record<string, unknown>;

const RULES = [{ intent: "refund.request", when: { words: ["refund"] } }];
const CLASSIFIER = { name: "support-intents", version: "3" };

function aFile(strategy: Json): Json {
  return {
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "one" },
    spec: {
      agent: "support",
      release: "2.3.1",
      strategy,
      steps: [{ setWeight: 5 }],
      analysis: { gates: [{ name: "escalation-rate", kind: "proportion" }] },
    },
  };
}

const anIntent = (classifier: unknown, change: Json = {}): Json => ({
  type: "intent",
  intent: { include: ["refund.*"], classifier, ...change },
});

function planOf(strategy: Json): RolloutPlan {
  const parsed = parseRolloutSpec(aFile(strategy));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan;
}

function problemsOf(strategy: Json): readonly string[] {
  const parsed = parseRolloutSpec(aFile(strategy));
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a file that draws", () => {
  test("users says where their ids stand", () => {
    expect(planOf({ type: "user", userKey: ["jwt:sub", "header:X-User-Id"] }).strategy).toEqual({
      kind: "user",
      userKey: [
        { kind: "jwt", claim: "sub", from: { kind: "bearer" } },
        { kind: "header", name: "x-user-id" },
      ],
    });
  });

  test("users is warned that their sessions are alike", () => {
    expect(parseRolloutSpec(aFile({ type: "user", userKey: ["jwt:sub"] }))).toMatchObject({
      warnings: [expect.stringContaining("those of one user are alike")],
    });
  });

  test("intents by rules has everything else by default", () => {
    expect(planOf(anIntent({ ...CLASSIFIER, rules: RULES })).strategy).toEqual({
      kind: "intent",
      include: ["refund.*"],
      minConfidence: 0.8,
      text: [],
      auditBp: 100,
      classifier: {
        kind: "rules",
        ...CLASSIFIER,
        rules: [{ intent: "refund.request", confidence: 1, when: [{ kind: "words", anyOf: ["refund"] }] }],
      },
    });
  });

  test("intents can use every condition of a rule", () => {
    const when = {
      method: "POST",
      path: "/chat/**",
      header: { name: "X-Topic", equals: "billing" },
      json: { pointer: "/topic", equals: "billing" },
      words: [" refund "],
      contains: ["money back"],
      matches: "order #?\\d+",
    };
    const { strategy } = planOf(anIntent({ ...CLASSIFIER, rules: [{ intent: "a", confidence: 0.5, when }] }));
    expect(strategy).toMatchObject({
      classifier: {
        rules: [
          {
            confidence: 0.5,
            when: [
              { kind: "method", method: "POST" },
              { kind: "path", template: "/chat/**" },
              { kind: "header", name: "x-topic", equals: "billing" },
              { kind: "json", pointer: "/topic", equals: "billing" },
              { kind: "words", anyOf: ["refund"] },
              { kind: "contains", anyOf: ["money back"] },
              { kind: "matches", pattern: "order #?\\d+" },
            ],
          },
        ],
      },
    });
  });

  test("intents over HTTP, or by the baseline itself, says how and how often", () => {
    const http = planOf(
      anIntent({ ...CLASSIFIER, url: "http://c/x", timeout: "150ms" }, { audit: { percentage: 0.5 } }),
    );
    expect(http.strategy).toMatchObject({
      auditBp: 50,
      classifier: { kind: "http", ...CLASSIFIER, url: "http://c/x", timeoutMs: 150 },
    });
    expect(planOf(anIntent("baseline", { text: ["json:/said"] })).strategy).toMatchObject({
      text: [{ kind: "json", pointer: "/said" }],
      classifier: { kind: "baseline" },
    });
  });

  test("sessions is what a file says that says nothing", () => {
    expect(planOf({}).strategy).toEqual({ kind: "session" });
  });
});

describe("is refused with its path:", () => {
  const at = "spec.strategy";
  const classifier = `${at}.intent.classifier`;
  const cases: readonly [string, Json, readonly string[]][] = [
    ["users without a place", { type: "user" }, [`${at}.userKey: found nothing, expected where the user's id stands`]],
    ["a user's place among sessions", { userKey: ["jwt:sub"] }, [`${at}.userKey: found userKey with type: session`]],
    ["a place that is none", { type: "user", userKey: ["mind"] }, [`${at}.userKey.0: found "mind"`]],
    ["intents of nothing", { type: "intent" }, [`${at}.intent: found nothing, expected which intents are drawn`]],
    [
      "intents among users",
      { ...anIntent("baseline"), type: "user", userKey: ["jwt:sub"] },
      [`${at}.intent: found intent with type: user`],
    ],
    [
      "the canary as its own classifier",
      anIntent("canary"),
      [`${classifier}: found "canary", expected "baseline", or a name`],
    ],
    ["a classifier that does nothing", anIntent(CLASSIFIER), [`${classifier}: found neither rules nor url`]],
    [
      "a classifier that does two things",
      anIntent({ ...CLASSIFIER, rules: RULES, url: "http://c" }),
      [`${classifier}: found both rules and url`],
    ],
    [
      "a classifier without version at a place that is none",
      anIntent({ name: "Mine", url: "ftp://c", timeout: "1m" }),
      [
        `${classifier}.name: found "Mine"`,
        `${classifier}.version: found nothing`,
        `${classifier}.url: found "ftp://c"`,
        `${classifier}.timeout: found "1m", expected a duration from 10ms to 10s`,
      ],
    ],
    [
      "a version that YAML takes for a number",
      anIntent({ name: "a", version: 3, rules: RULES }),
      [`${classifier}.version: found 3, expected a text such as "3"`],
    ],
    [
      "a timeout of rules",
      anIntent({ ...CLASSIFIER, rules: RULES, timeout: "1s" }),
      [`${classifier}.timeout: found a timeout without a url`],
    ],
    [
      "an unknown field",
      anIntent({ ...CLASSIFIER, rules: RULES, model: "x" }),
      [`${classifier}.model: found an unknown field`],
    ],
    [
      "a rule without conditions",
      anIntent({ ...CLASSIFIER, rules: [{ intent: "a", when: {} }] }),
      [`${classifier}.rules.0.when: found {}, expected at least one condition`],
    ],
    [
      "a pattern that could take for ever",
      anIntent({ ...CLASSIFIER, rules: [{ intent: "a", when: { matches: "(?=a)" } }] }),
      [`${classifier}.rules.0.when.matches: found "(?=a)", expected a plain group`],
    ],
    [
      "too many patterns",
      anIntent({
        ...CLASSIFIER,
        rules: Array.from({ length: 6 }, () => ({ intent: "a", when: { matches: "x".repeat(200) } })),
      }),
      [`${classifier}.rules: found patterns of 1200 characters together`],
    ],
    [
      "an intent that is none",
      anIntent("baseline", { include: ["re*"] }),
      [`${at}.intent.include.0: found "re*", expected an intent`],
    ],
    [
      "confidence beyond certainty",
      anIntent("baseline", { minConfidence: 80 }),
      [`${at}.intent.minConfidence: found 80`],
    ],
    [
      "the unsure in the canary",
      anIntent("baseline", { onUnsure: "canary" }),
      [`${at}.intent.onUnsure: found "canary", expected "baseline"`],
    ],
  ];
  test.each(cases)("%s", (_, strategy, problems) => {
    expect(problemsOf(strategy)).toEqual(problems.map((problem) => expect.stringContaining(problem)));
  });

  test.each([
    null,
    [],
    7,
    "user",
    { type: 7 },
    { type: "intent", intent: 7 },
    { type: "intent", intent: { classifier: [] } },
  ])("%j", (strategy) => {
    expect(parseRolloutSpec({ spec: { strategy } }).kind).toBe("invalid");
  });
});

describe("the gateways are told", () => {
  const [baseline, canary] = [digestOf("2.3.0"), digestOf("2.3.1")];
  const deployed = (release: typeof baseline, url: string): AgentEvent => ({
    type: "deploymentRegistered",
    at: 1,
    release,
    url,
    replaces: false,
  });
  const record = [
    deployed(baseline, "http://a:1"),
    deployed(baseline, "http://b:1/x"),
    deployed(canary, "http://c:1"),
  ].reduce(advanceAgent, newAgent(parseAgentName("support")));
  const strategyOf = (plan: RolloutPlan) => {
    const rollout = startRollout({
      type: "applied",
      at: 0,
      actor: "ada",
      rollout: parseRolloutId("one"),
      plan,
      baseline: { digest: baseline, version: "2.3.0" },
      canary: { digest: canary, version: "2.3.1" },
      seed: "seed",
      forcedBecause: "",
      isSynthetic: false,
    });
    const defaults = { idleTimeoutMs: 1, sessionExtractors: [], sessionLearners: [], places: new Map() };
    const baking = { ...rollout, phase: { kind: "Baking", step: 0, startedAt: 0 } } as const;
    return deriveRoute(record, [baking], defaults)?.canary?.strategy;
  };

  test("where the baseline runs now, when it classifies", () => {
    expect(strategyOf(planOf(anIntent("baseline")))).toMatchObject({
      classifier: {
        kind: "http",
        name: "support",
        version: "2.3.0",
        urls: ["http://a:1/.well-known/perch/classify", "http://b:1/x/.well-known/perch/classify"],
        timeoutMs: 300,
      },
    });
  });

  test("where an HTTP classifier is asked, and rules as they stand", () => {
    const http = planOf(anIntent({ ...CLASSIFIER, url: "http://d/x" }));
    expect(strategyOf(http)).toMatchObject({ classifier: { kind: "http", urls: ["http://d/x"], timeoutMs: 300 } });
    const rules = planOf(anIntent({ ...CLASSIFIER, rules: RULES }));
    expect(strategyOf(rules)).toEqual(rules.strategy);
  });

  test("to draw sessions, where an older version recorded the plan", () => {
    const { strategy: _, ...older } = planOf({});
    expect(strategyOf(older)).toEqual({ kind: "session" });
  });
});

describe("a classifier is the canary's own", () => {
  const askedAt = (url: string) => planOf(anIntent({ ...CLASSIFIER, url }));
  test.each([
    ["http://c:1/classify", "http://c:1", true],
    ["http://c:1/classify", "http://c:2", false],
    ["http://c/classify", "http://c:80/agent", true],
    ["https://c/classify", "http://c:443", true],
    ["http://localhost:1/x", "http://127.0.0.1:1", true],
    ["http://[::1]:1/x", "http://localhost:1", true],
    ["http://d/classify", "http://c", false],
  ])("asked at %s, with the canary at %s: %s", (classifier, canary, isOwn) => {
    expect(classifierAtCanary(askedAt(classifier), [canary])).toBe(isOwn ? canary : null);
  });

  test("never when it is the baseline, or rules", () => {
    for (const classifier of ["baseline", { ...CLASSIFIER, rules: RULES }]) {
      expect(classifierAtCanary(planOf(anIntent(classifier)), ["http://c:1"])).toBeNull();
    }
  });
});
