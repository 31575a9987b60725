import { writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { classifyRequestSchema, gatewayStatusSchema, whySchema, type StrategyCounts, type Why } from "@perch/api";
import { bucketOf, type Strategy } from "@perch/domain";
import { afterEach, describe, expect, test } from "vitest";
import {
  call,
  cleanUp,
  readAll,
  startAgent,
  startGateway,
  startServer,
  temporaryDirectory,
  until,
  type Answer,
  type FakeAgent,
  type FakeServer,
  type Gateway,
} from "./harness.ts";
import { tableOf } from "./tables.ts";

afterEach(cleanUp);

type Setting = {
  readonly server: FakeServer;
  readonly startOther: (sharesPins: boolean) => Promise<Gateway>;
  readonly publish: (strategy: Strategy, weightBp?: number) => Promise<void>;
  readonly ask: (headers: Readonly<Record<string, string>>, message?: string) => Promise<Answer>;
  readonly why: (session: string) => Promise<Why>;
  readonly counts: () => Promise<StrategyCounts | undefined>;
};

async function setting(): Promise<Setting> {
  const baseline = await startAgent((_request, response) => response.end("baseline"));
  const canary = await startAgent((_request, response) => response.end("canary"));
  const server = await startServer();
  const data = temporaryDirectory();
  const secretFile = join(data, "secret");
  writeFileSync(secretFile, "s".repeat(32));
  const start = async (directory: string, id: string): Promise<Gateway> =>
    await startGateway(["--data", directory, "--id", id, "--server", server.url, "--pin-secret-file", secretFile]);
  const gateway = await start(data, "gw-1");
  let sequence = 0;
  const page = async (path: string): Promise<unknown> => JSON.parse((await call(gateway.url + path)).text);
  return {
    server,
    async startOther(sharesPins) {
      const other = await start(sharesPins ? data : temporaryDirectory(), `gw-other-${sharesPins}`);
      await until(
        () => server.acks,
        (acks) => acks.some((ack) => ack.gateway === other.id),
      );
      return other;
    },
    async publish(strategy, weightBp = 10_000) {
      sequence += 1;
      server.publish(tableOf({ sequence, weightBp, strategy, baseline: [baseline.url], canary: [canary.url] }));
      await until(
        () => server.acks.at(-1)?.sequence,
        (acknowledged) => acknowledged === sequence,
      );
    },
    ask: async (headers, message = "") =>
      await call(`${gateway.url}/support/chat`, {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ message }),
      }),
    why: async (session) => whySchema.parse(await page(`/-/why?agent=support&session=${session}`)),
    counts: async () => gatewayStatusSchema.parse(await page("/-/status")).strategies.at(-1),
  };
}

const USERS: Strategy = {
  kind: "user",
  userKey: [
    { kind: "jwt", claim: "sub", from: { kind: "bearer" } },
    { kind: "header", name: "x-user-id" },
  ],
};

const intents = (classifier: Extract<Strategy, { kind: "intent" }>["classifier"], auditBp = 0): Strategy => ({
  kind: "intent",
  include: ["refund.*"],
  minConfidence: 0.8,
  text: [],
  classifier,
  auditBp,
});
const RULES = {
  kind: "rules",
  name: "support-intents",
  version: "3",
  rules: [
    { intent: "refund.request", confidence: 0.95, when: [{ kind: "words", anyOf: ["refund", "money back"] }] },
    { intent: "billing", confidence: 0.9, when: [{ kind: "matches", pattern: "\\bbill(s|ing)?\\b" }] },
  ],
} as const;

function bearer(sub: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `Bearer ${part({ alg: "none" })}.${part({ sub })}.x`;
}

test("all sessions of a user meet the arm of the user's bucket, and those of nobody stay out of the comparison", async () => {
  const { server, publish, ask, why, counts } = await setting();
  await publish(USERS, 5000);
  const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
  for (const [index, user] of users.entries()) {
    const arm = bucketOf("it", user) < 5000 ? "canary" : "baseline";
    const answers = [
      await ask({ "x-session-id": `one-${index}`, authorization: bearer(user) }),
      await ask({ "x-session-id": `two-${index}`, "x-user-id": user }),
      await ask({ "x-user-id": user }),
    ];
    expect(answers.map(({ text }) => text)).toEqual([arm, arm, arm]);
  }
  expect((await ask({ "x-session-id": "nobody" })).text).toBe("baseline");
  await publish(USERS, 10_000);
  expect((await ask({ "x-session-id": "one-0", "x-user-id": "user-0" })).text).toBe(
    bucketOf("it", "user-0") < 5000 ? "canary" : "baseline",
  );

  expect(await counts()).toMatchObject({ kind: "user", sessions: { keyed: 120, unkeyed: 1 }, audit: null });
  await until(
    () => server.assigned,
    (assigned) => assigned.length === 120,
  );
  expect(server.assigned.some(({ session }) => session === "nobody")).toBe(false);
  expect(await why("nobody")).toMatchObject({ rollout: null, rule: expect.stringContaining("named none (unkeyed)") });
  const { rule, bucket } = await why("one-7");
  expect(rule).toContain("the user in jwt:sub was drawn: bucket");
  expect(bucket).toBe(bucketOf("it", "user-7"));
});

test("by rules only the sessions that begin with an included intent are drawn, and each stays where it is", async () => {
  const { server, publish, ask, why, counts } = await setting();
  await publish(intents(RULES, 10_000));
  expect((await ask({ "x-session-id": "r" }, "I want my MONEY back")).text).toBe("canary");
  expect((await ask({ "x-session-id": "b" }, "what about my bills?")).text).toBe("baseline");
  expect((await ask({ "x-session-id": "h" }, "hello")).text).toBe("baseline");
  // Later turns say something else.
  expect((await ask({ "x-session-id": "r" }, "and my bill?")).text).toBe("canary");
  expect((await ask({ "x-session-id": "h" }, "a refund")).text).toBe("baseline");
  expect((await ask({ "x-session-id": "h" }, "thanks")).text).toBe("baseline");

  const counted = await until(counts, (seen) => seen?.audit?.sampled === 3);
  expect(counted?.sessions).toEqual({ eligible: 1, notIncluded: 1, noIntent: 1 });
  expect(counted?.audit).toMatchObject({ agreed: 0, misrouted: 2, unsure: 1, dropped: 0 });
  expect(counted?.audit?.byIntent).toContainEqual({
    assigned: "refund.request",
    found: "billing",
    eligible: false,
    turns: 1,
  });
  expect((await why("r")).rule).toContain("took its first turn for refund.request with confidence 0.95");
  expect((await why("b")).rule).toContain(
    "for billing with confidence 0.9, which rollout support-2-3-1 does not include",
  );
  await until(
    () => server.assigned,
    (assigned) => assigned.length > 0,
  );
  expect(server.assigned.map(({ session }) => session)).toEqual(["r"]);
  const turns = await until(
    () => server.posted,
    (seen) => seen.filter(({ kind }) => kind === "turn").length === 6,
  );
  const intentsOf = (session: string) => [
    ...new Set(turns.filter((turn) => turn.session === session).map(({ intent }) => intent)),
  ];
  expect([intentsOf("r"), intentsOf("b"), intentsOf("h")]).toEqual([["refund.request"], ["billing"], [null]]);
});

describe("an HTTP classifier", () => {
  type Handle = (response: ServerResponse, asked: { text: string; request: IncomingMessage }) => void;

  async function classifierThat(handle: Handle): Promise<FakeAgent & { readonly asked: string[] }> {
    const asked: string[] = [];
    const agent = await startAgent((request, response) => {
      void readAll(request).then((body) => {
        const { text } = classifyRequestSchema.parse(JSON.parse(body));
        asked.push(text);
        handle(response, { text, request });
      });
    });
    return { ...agent, asked };
  }
  const at = (url: string, timeoutMs = 10_000): Strategy =>
    intents({ kind: "http", name: "router", version: "7", urls: [`${url}/classify`], timeoutMs });
  const says =
    (answer: unknown): Handle =>
    (response) =>
      void response.end(JSON.stringify(answer));
  const sure = { intent: "refund.status", confidence: 0.93, version: "7" };

  test("is asked once a session, for what the user says, and gets nothing else of the request", async () => {
    const { publish, ask, why } = await setting();
    let seen: IncomingMessage["headers"] = {};
    const classifier = await classifierThat((response, { request }) => {
      seen = request.headers;
      response.end(JSON.stringify(sure));
    });
    await publish(at(classifier.url));
    for (let turn = 0; turn < 3; turn += 1) {
      const headers = { "x-session-id": "a", authorization: "Bearer secret", cookie: "key=secret" };
      expect((await ask(headers, "where is my refund?")).text).toBe("canary");
    }
    expect(classifier.asked).toEqual(["where is my refund?"]);
    expect(JSON.stringify(seen)).not.toContain("secret");
    expect((await why("a")).rule).toMatch(
      /^classifier router@7 took its first turn for refund.status with confidence 0.93/,
    );
  });

  test("that cannot be relied on sends a session to the baseline, and no user notices", async () => {
    const cases: readonly (readonly [string, Handle, string])[] = [
      ["is-slow", () => {}, "timeout"],
      ["trickles", (response) => void response.writeHead(200).write("{"), "timeout"],
      ["fails", (response) => void response.writeHead(503).end(JSON.stringify(sure)), "unreachable"],
      ["sends-elsewhere", (response) => void response.writeHead(302, { location: "/" }).end(), "unreachable"],
      ["hangs-up", (response) => void response.destroy(), "unreachable"],
      ["is-no-classifier", (response) => void response.end("<html>refund</html>"), "malformed"],
      ["does-not-stop", (response) => void response.end(`"${"x".repeat(1_000_000)}"`), "unreachable"],
      ["lies-about-its-version", says({ ...sure, version: "8" }), "versionMismatch"],
      ["is-not-sure-enough", says({ ...sure, confidence: 0.5 }), "lowConfidence"],
      ["knows-no-intent", says({ ...sure, intent: null }), "noIntent"],
    ];
    const { publish, ask, why, counts } = await setting();
    for (const [session, handle, reason] of cases) {
      const { url } = await classifierThat(handle);
      await publish(reason === "timeout" ? at(url, 200) : at(url));
      const began = performance.now();
      expect(await ask({ "x-session-id": session }, "refund")).toMatchObject({ status: 200, text: "baseline" });
      expect(performance.now() - began).toBeLessThan(5000);
      expect(await why(session)).toMatchObject({ rollout: null, targeting: { outcome: reason } });
    }
    await publish(at("http://127.0.0.1:1"));
    expect((await ask({ "x-session-id": "is-down" }, "refund")).text).toBe("baseline");
    const [timeout, unreachable] = [2, 5];
    const once = { malformed: 1, versionMismatch: 1, lowConfidence: 1, noIntent: 1 };
    expect((await counts())?.sessions).toEqual({ timeout, unreachable, ...once });
  });

  test("that is dead costs few sessions anything, and draws them again when it is back", async () => {
    const { publish, ask, counts } = await setting();
    let isHanging = true;
    const classifier = await classifierThat((response) => {
      if (!isHanging) response.end(JSON.stringify(sure));
    });
    await publish(at(classifier.url, 400));
    for (let session = 0; session < 40; session += 1) {
      expect((await ask({ "x-session-id": `s-${session}` }, "refund")).text).toBe("baseline");
    }
    // Asked again now and then, on a machine that takes its time.
    const { timeout = 0, circuitOpen = 0 } = (await counts())?.sessions ?? {};
    expect([timeout + circuitOpen, timeout >= 5 && timeout <= 10]).toEqual([40, true]);
    isHanging = false;
    let session = 40;
    await until(
      async () => (await ask({ "x-session-id": `s-${(session += 1)}` }, "refund")).text,
      (text) => text === "canary",
    );
  });

  test("is not asked for a session that another gateway has placed, and its answer never moves one", async () => {
    const { publish, ask, startOther } = await setting();
    let answer = sure;
    const classifier = await classifierThat((response) => void response.end(JSON.stringify(answer)));
    await publish(at(classifier.url));
    const first = await ask({ "x-session-id": "a" }, "refund");
    expect(first.text).toBe("canary");
    answer = { ...sure, intent: "billing" };
    const signed = { "x-perch-pin": String(first.headers["x-perch-pin"]) };
    for (const [sharesPins, headers] of [
      [true, {}],
      [false, signed],
    ] as const) {
      const other = await startOther(sharesPins);
      const moved = await call(`${other.url}/support/chat`, { headers: { "x-session-id": "a", ...headers } });
      expect(moved.text).toBe("canary");
    }
    expect(classifier.asked).toHaveLength(1);
  });
});
