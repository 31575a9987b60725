import { setTimeout as delay } from "node:timers/promises";
import { bucketOf } from "@perch/domain";
import { afterEach, expect, test } from "vitest";
import { call, cleanUp, until } from "./harness.ts";
import { answerTo, mirrorOf, namesOf, say, setting, startListener, startRaw } from "./mirror-setting.ts";
import { A_MIRROR, CANARY } from "./tables.ts";

afterEach(cleanUp);

test("a share of new sessions is mirrored, each of them whole and in order, and users see nothing of it", async () => {
  const shadow = await startListener((_, response) => void delay(5).then(() => response.end("from the shadow")));
  const { server, gateway, publish } = await setting(shadow.url, { mirror: null });
  const earlier = namesOf(20, "earlier");
  for (const session of earlier) await say(gateway, session, "0");
  await publish({ mirror: { ...A_MIRROR, percentageBp: 5000 } });
  const sessions = [...earlier, ...namesOf(40)];
  for (const turn of ["1", "2", "3"]) {
    const answers = await Promise.all(sessions.map((session) => say(gateway, session, turn)));
    expect(answers).toEqual(sessions.map((session) => answerTo(session, turn)));
  }
  const expected = namesOf(40).filter((session) => bucketOf(A_MIRROR.seed, session) < 5000);
  await until(
    () => server.shadowTurns.length,
    (count) => count >= 3 * expected.length,
  );
  const bySession = Map.groupBy(shadow.heard, ({ session }) => session);
  expect(new Set(bySession.keys())).toEqual(new Set(expected));
  for (const turns of bySession.values()) expect(turns.map(({ body }) => body)).toEqual(["1", "2", "3"]);
  expect(new Set(server.shadowTurns.map(({ outcome, status, arm }) => `${outcome} ${status} ${arm}`))).toEqual(
    new Set(["answered 200 shadow"]),
  );
  // The user's side of each pair is there too, and belongs to no rollout.
  await until(
    () => server.posted.length,
    (count) => count === 20 + 3 * 60,
  );
  const users = new Set(server.posted.map(({ traceId, startedAt }) => `${traceId} ${startedAt}`));
  for (const turn of server.shadowTurns) expect(users).toContain(`${turn.pairedTraceId} ${turn.pairedStartedAt}`);
  expect(server.posted.every(({ rollout, arm }) => rollout === null && arm === "baseline")).toBe(true);
  expect(server.assigned).toEqual([]);
});

test("a mirrored request says that it is one, has a trace of its own, and what the client said", async () => {
  const shadow = await startListener((_, response) => response.end());
  const { gateway } = await setting(shadow.url);
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const headers = {
    "x-session-id": "one",
    "x-perch-shadow": "0",
    cookie: "c=1",
    traceparent,
    baggage: "perch.arm=canary",
  };
  await call(`${gateway.url}/support/chat?a=1`, { method: "PUT", headers, body: "hello" });
  const [heard] = await until(
    () => shadow.heard,
    ({ length }) => length === 1,
  );
  expect(heard).toMatchObject({ url: "/chat?a=1", body: "hello", request: { method: "PUT" } });
  expect(heard?.request.headers).toMatchObject({
    "x-perch-shadow": "1",
    "x-perch-arm": "shadow",
    "x-perch-release": CANARY,
    "x-perch-session": "one",
    "x-session-id": "one",
    cookie: "c=1",
    baggage: `perch.release=${CANARY},perch.arm=shadow,perch.session.id=one,perch.rollout=support-2-3-1`,
  });
  expect(heard?.request.headers["x-perch-pin"]).toBeUndefined();
  expect(heard?.request.headers["traceparent"]).toMatch(/^00-(?!a{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test("ids that the agents gave are each their own, turn after turn", async () => {
  let turns = 0;
  const shadow = await startListener((_, response) => {
    turns += 1;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: `resp_shadow_${turns}` }));
  });
  const { server, gateway } = await setting(shadow.url, {
    sessionExtractors: [{ kind: "json", pointer: "/previous_response_id" }],
    sessionLearners: [{ kind: "responseJson", pointer: "/id", startsWith: "resp_" }],
  });
  await say(gateway, "x", '{"say":1}');
  await say(gateway, "x", '{"previous_response_id":"resp_user_x","say":2}');
  await until(
    () => server.shadowTurns.length,
    (count) => count === 2,
  );
  expect(shadow.heard.map(({ body }) => body)).toEqual([
    '{"say":1}',
    '{"previous_response_id":"resp_shadow_1","say":2}',
  ]);
});

test("what is held for a shadow that hangs has a bound, and users with large bodies go on", async () => {
  const hangs = await startRaw((socket) => void socket.pause());
  const { server, gateway } = await setting(hangs);
  const body = "z".repeat(900_000);
  for (let round = 0; round < 5; round += 1) {
    const sessions = namesOf(20, `r${round}-`);
    const answers = await Promise.all(sessions.map((session) => say(gateway, session, body)));
    expect(answers).toEqual(sessions.map((session) => answerTo(session, body)));
    expect((await mirrorOf(gateway)).queueBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  }
  const { queueBytes, dropped, abandoned } = await mirrorOf(gateway);
  expect(queueBytes).toBeGreaterThan(20 * 1024 * 1024);
  expect(dropped["queue_full"]).toBe(abandoned);
  expect(abandoned).toBeGreaterThanOrEqual(60);
  await until(
    () => server.shadowTurns.length,
    (count) => count === abandoned,
  );
});

test("a body beyond the bound is not mirrored, and reaches the user's agent whole", async () => {
  const shadow = await startListener((_, response) => response.end());
  const { server, gateway } = await setting(shadow.url);
  const body = "z".repeat(3_000_000);
  expect(await say(gateway, "large", body)).toBe(answerTo("large", body));
  const [turn] = await until(
    () => server.shadowTurns,
    ({ length }) => length === 1,
  );
  expect(turn).toMatchObject({ session: "large", outcome: "dropped", reason: "body_too_large", status: 0 });
  expect(shadow.heard).toEqual([]);
});

test("without its mirror in the table a gateway sends nothing more and breaks off what is under way", async () => {
  let cut = 0;
  const shadow = await startListener((_, response) => void response.on("close", () => (cut += 1)));
  const { server, gateway, publish } = await setting(shadow.url);
  for (const session of namesOf(5)) await say(gateway, session, "1");
  await until(
    () => shadow.heard.length,
    (count) => count === 5,
  );
  await publish({ mirror: null });
  await until(
    () => cut,
    (count) => count === 5,
  );
  for (const session of namesOf(10)) expect(await say(gateway, session, "2")).toBe(answerTo(session, "2"));
  await until(
    () => server.shadowTurns.length,
    (count) => count === 5,
  );
  expect(new Set(server.shadowTurns.map(({ reason }) => reason))).toEqual(new Set(["mirror_ended"]));
  expect(shadow.heard).toHaveLength(5);
});

test("a gateway without a lease begins no mirror and ends those under way", async () => {
  const shadow = await startListener((heard, response) => void (heard.body === "1" && response.end()));
  const { server, gateway } = await setting(shadow.url, {}, 3000);
  await say(gateway, "one", "1");
  server.renewsLeases = false;
  await say(gateway, "one", "hangs");
  await until(
    () => server.shadowTurns,
    (turns) => turns.some(({ reason }) => reason === "lease_expired"),
  );
  expect(await say(gateway, "one", "3")).toBe(answerTo("one", "3"));
  expect(await say(gateway, "two", "1")).toBe(answerTo("two", "1"));
  expect(shadow.heard.map(({ session, body }) => `${session} ${body}`)).toEqual(["one 1", "one hangs"]);
});
