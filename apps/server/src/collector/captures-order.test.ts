import { createMemoryTraceStore } from "@perch/adapters/in-memory";
import { createLexiconScorer } from "@perch/adapters/sentiment";
import { digestOf, type MaturedSession, type PriceList, type ReleaseFacts } from "@perch/domain";
import { aTurnRecord } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAssembler } from "../sessions/assembler.ts";
import { drawTraces } from "./__fixtures__/draw-traces.ts";
import { areCapturesMissing, CAPTURES, spansOfCapture } from "./__fixtures__/read-capture.ts";
import { readFileSync } from "node:fs";
import { createIntake } from "./intake.ts";
import { createCollectorRoutes } from "./routes.ts";

const CAPTURED = [
  "anthropic-openinference/baggage-otlpjson.traces.json",
  "langgraph-openinference/session-collision.traces.json",
  "vercel-ai-7/genai-baggage-otlpjson.traces.json",
] as const;
const LATENESS_MS = 30_000;
const { agent, session } = aTurnRecord();

const REFUND = digestOf("issue_refund");
const FACTS: ReleaseFacts = {
  digest: digestOf("support"),
  model: null,
  tools: [
    {
      name: "issue_refund",
      parameters: true,
      parametersDigest: REFUND,
      effect: "write",
      lifecycle: { cancel: null, transfer: null },
    },
  ],
};
/** Every model of the recordings, at one price. */
const PRICES: PriceList = {
  priceOf: ({ model }) => ({ provider: "any", model, input: 3, cachedInput: 0.3, output: 15 }),
};
const isSmallRefund = (value: unknown) => !JSON.stringify(value).includes("9");

/** A post of `ExportTraceServiceRequest` for each span of the recording. */
function postsOf(capture: string): readonly string[] {
  const { resourceSpans } = JSON.parse(readFileSync(`${CAPTURES}${capture}`, "utf8")) as Recorded;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] })),
    ),
  );
}
type Recorded = { resourceSpans: readonly { resource: unknown; scopeSpans: readonly RecordedScope[] }[] };
type RecordedScope = { scope: unknown; spans: readonly unknown[] };

/** The collector, the store and the assembler as the server has them, on a clock that is set by hand. */
function aServer(capture: string) {
  const { store, cohorts } = createMemoryTraceStore();
  const clock = { now: 0 };
  const now = () => clock.now;
  const sentiment = createLexiconScorer();
  const assembler = createAssembler({
    store,
    now,
    policyOf: () => ({ escalationTools: [], successTools: ["issue_refund"] }),
    factsOf: () => FACTS,
    prices: PRICES,
    latenessMs: LATENESS_MS,
    idleTimeoutMs: 3_600_000,
  });
  const checksOf = (tool: string) => (tool === "issue_refund" ? [{ schema: REFUND, accepts: isSmallRefund }] : []);
  const routes = createCollectorRoutes(
    createIntake({ store, assembler, onShadowTurns: () => undefined, now, sentiment, checksOf }),
  );
  const traceIds = new Set(spansOfCapture(capture).map((span) => span.traceId));
  const turns = [...traceIds].map((traceId) => aTurnRecord({ id: traceId, traceId, endsSession: true }));
  return {
    clock,
    async begin() {
      await store.appendTurns(turns);
      assembler.noteTurns(turns);
    },
    async post(body: string) {
      const headers = { "content-type": "application/json" };
      const answer = await routes.request("/v1/traces", { method: "POST", headers, body });
      expect(answer.status).toBe(200);
    },
    async mature(): Promise<MaturedSession | undefined> {
      await assembler.tick();
      return (await cohorts.history({ agent, before: Infinity, limit: 1 }))[0];
    },
    async drawing() {
      const [evidence] = await store.evidenceOf([{ agent, session }]);
      return drawTraces(evidence?.spans ?? []);
    },
  };
}

async function whole(capture: string) {
  const server = aServer(capture);
  await server.begin();
  await server.post(readFileSync(`${CAPTURES}${capture}`, "utf8"));
  server.clock.now = LATENESS_MS;
  return { drawing: await server.drawing(), session: await server.mature() };
}

describe.skipIf(areCapturesMissing)("recordings in another order", () => {
  test.each(CAPTURED)("%s: spans of one post in any order, and repeated, come to the same", (capture) => {
    const spans = spansOfCapture(capture);
    const expected = drawTraces(spans);
    fc.assert(
      fc.property(fc.shuffledSubarray([...spans, ...spans], { minLength: spans.length * 2 }), (shuffled) => {
        expect(drawTraces(shuffled)).toBe(expected);
      }),
      { numRuns: 100 },
    );
  });

  // By eye from the trees beside the recordings; the tokens at the prices above.
  test.each([
    [CAPTURED[0], { steps: 7, toolCalls: {}, argumentShapes: [], outcome: "failure", costUsd: 0.001_994_4 }],
    [
      CAPTURED[1],
      {
        steps: 2,
        toolCalls: { lookup_order: { calls: 1, failed: 0, invalidArguments: 0 } },
        argumentShapes: [],
        outcome: "failure",
        costUsd: 0.000_87,
      },
    ],
    [
      CAPTURED[2],
      {
        steps: 6,
        toolCalls: {
          lookup_order: { calls: 1, failed: 0, invalidArguments: 0 },
          issue_refund: { calls: 2, failed: 1, invalidArguments: 1 },
        },
        argumentShapes: ["issue_refund(amount,order_id)", "lookup_order(order_id)"],
        outcome: "success",
        costUsd: 0.002_61,
      },
    ],
  ] as const)("%s: the session is measured as its tree tells", async (capture, { costUsd, ...told }) => {
    const measures = (await whole(capture)).session?.measures;
    expect(measures).toMatchObject(told);
    expect(measures?.costUsd).toBeCloseTo(costUsd, 12);
  });

  test.each(CAPTURED)(
    "%s: in any posts, repeated ones and late ones within the lateness, come to the same",
    async (capture) => {
      const expected = await whole(capture);
      expect(expected.session?.session).toBe(session);
      const posts = postsOf(capture);
      const arrivals = fc.shuffledSubarray([...posts, ...posts.slice(0, 5)], { minLength: posts.length + 5 });
      const waits = fc.array(fc.integer({ min: 0, max: LATENESS_MS - 1 }), { minLength: posts.length + 5 });
      await fc.assert(
        fc.asyncProperty(arrivals, waits, fc.nat({ max: posts.length }), async (some, waitsMs, turnAt) => {
          const server = aServer(capture);
          for (const [index, post] of some.entries()) {
            if (index === turnAt) await server.begin();
            await server.post(post);
            server.clock.now += waitsMs[index] ?? 0;
            // Looked for after each post: a session whose last span was heard of just now is never matured.
            if (index < some.length - 1 && index >= turnAt) expect(await server.mature()).toBeUndefined();
          }
          server.clock.now += LATENESS_MS;
          const matured = await server.mature();
          expect(await server.drawing()).toBe(expected.drawing);
          expect({ ...matured, maturedAt: 0 }).toEqual({ ...expected.session, maturedAt: 0 });
        }),
        { numRuns: 15 },
      );
    },
  );
});
