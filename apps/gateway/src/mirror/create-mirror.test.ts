import { describe, expect, test } from "vitest";
import { createMirrorStage } from "../it/mirror-stage.ts";
import { CANARY } from "../it/tables.ts";

const NOTHING_HELD = { queueBytes: 0, queued: 0, inFlight: 0 };
const outcomes = ({ records }: ReturnType<typeof createMirrorStage>) =>
  records.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`));

describe("a mirrored turn", () => {
  test("is sent once the user's agent has all of it, and as what it is", () => {
    const stage = createMirrorStage();
    const asked = stage.ask({
      body: '{"say":"hello"}',
      query: "?a=1",
      headers: {
        "Content-Type": "application/json",
        "Accept-Encoding": "br",
        "x-perch-pin": "pin1.x",
        Authorization: "me",
      },
    });
    stage.settle();
    expect(stage.sent).toEqual([]);
    asked.passOn();
    expect(stage.sent).toEqual([]);
    stage.settle();
    const [sent] = stage.sent;
    expect(sent?.body).toBe('{"say":"hello"}');
    expect(sent?.head.split("\r\n")).toEqual([
      "POST /chat?a=1 HTTP/1.1",
      "host: 127.0.0.1:2",
      "Content-Type: application/json",
      "Authorization: me",
      "content-length: 15",
      `traceparent: 00-${"cd".repeat(16)}-${"cd".repeat(8)}-01`,
      `baggage: perch.release=${CANARY},perch.arm=shadow,perch.session.id=session-1,perch.rollout=support-2-3-1`,
      "x-perch-shadow: 1",
      `x-perch-release: ${CANARY}`,
      "x-perch-version: 2.3.1",
      "x-perch-arm: shadow",
      "x-perch-session: session-1",
      "x-perch-rollout: support-2-3-1",
      "x-forwarded-for: 127.0.0.9",
      "x-forwarded-host: support.example",
      "x-forwarded-proto: http",
      "x-forwarded-prefix: /support",
      "",
      "",
    ]);
  });

  test("leaves a record that names the user's turn, and nothing behind", () => {
    const stage = createMirrorStage();
    stage.ask({ body: "hello" }).passOn();
    stage.settle();
    stage.pass(30);
    stage.sent[0]?.answer("hi");
    expect(stage.records).toEqual([
      {
        id: "id-0",
        kind: "shadow",
        arm: "shadow",
        gateway: "gw-1",
        agent: "support",
        session: "session-1",
        release: CANARY,
        rollout: "support-2-3-1",
        assignedAt: 1_000_000,
        traceId: "cd".repeat(16),
        pairedTraceId: "ab".repeat(16),
        pairedStartedAt: 1_000_000,
        startedAt: 1_000_000,
        durationMs: 30,
        firstByteMs: 30,
        status: 200,
        outcome: "answered",
        reason: null,
        requestBytes: 5,
        responseBytes: 2,
      },
    ]);
    expect(stage.mirror.status()).toMatchObject({ sessions: 1, mirrored: 1, answered: 1, ...NOTHING_HELD });
  });

  test("of a session waits until the one before it has been answered; other sessions do not", () => {
    const stage = createMirrorStage();
    for (const body of ["first", "second"]) stage.ask({ body }).passOn();
    stage.ask({ session: "other", body: "other" }).passOn();
    stage.settle();
    expect(stage.sent.map(({ body }) => body)).toEqual(["first", "other"]);
    stage.sent[0]?.answer("ok");
    stage.settle();
    expect(stage.sent.map(({ body }) => body)).toEqual(["first", "other", "second"]);
  });

  test("keeps its place among the turns of its session, however long its body takes", () => {
    const stage = createMirrorStage();
    const first = stage.ask({ body: "first" });
    stage.ask({ body: "second" }).passOn();
    stage.settle();
    expect(stage.sent).toEqual([]);
    first.passOn();
    stage.settle();
    expect(stage.sent.map(({ body }) => body)).toEqual(["first"]);
  });

  test("is none for a session that its pin does not mirror", () => {
    const stage = createMirrorStage();
    expect(stage.ask({ isMirrored: false }).mirrored).toBeNull();
    expect(stage.mirror.status()).toMatchObject({ sessions: 0, dropped: {} });
  });
});

describe("mirroring ends at once, with what is under way,", () => {
  test("when the table no longer has the mirror", () => {
    const stage = createMirrorStage();
    for (const session of ["a", "a", "b"]) stage.ask({ session }).passOn();
    stage.settle();
    stage.publish({ mirror: null });
    stage.mirror.review();
    expect(stage.sent.map(({ isAborted }) => isAborted)).toEqual([true, true]);
    expect(outcomes(stage)).toEqual(["failed: mirror_ended", "failed: mirror_ended"]);
    expect(stage.mirror.status()).toMatchObject(NOTHING_HELD);
  });

  test("when the gateway's lease has run out: nobody can tell it any more to stop", () => {
    const stage = createMirrorStage({ limits: { inFlight: 1 } });
    for (const session of ["a", "b"]) stage.ask({ session }).passOn();
    stage.settle();
    stage.pass(15_001);
    stage.mirror.review();
    expect(outcomes(stage).toSorted()).toEqual(["dropped: lease_expired", "failed: lease_expired"]);
    expect(stage.ask({ session: "c" }).mirrored).toBeNull();
  });

  test("when the gateway stops", () => {
    const stage = createMirrorStage();
    stage.ask().passOn();
    stage.settle();
    stage.mirror.stop();
    expect(outcomes(stage)).toEqual(["failed: gateway_stopped"]);
  });
});

test("a client that only listens to its MCP server is no turn, and leaves no hole", () => {
  const stage = createMirrorStage();
  const headers = { accept: "text/event-stream", "mcp-session-id": "session-1" };
  expect(stage.ask({ method: "GET", headers }).mirrored).toBeNull();
  stage.ask({ body: "turn" }).passOn();
  stage.settle();
  stage.sent[0]?.answer("ok");
  expect(outcomes(stage)).toEqual(["skipped: listener", "answered"]);
});
