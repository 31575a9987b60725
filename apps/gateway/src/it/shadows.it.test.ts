import type { Socket } from "node:net";
import { freePort } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanUp, until } from "./harness.ts";
import { answerTo, mirrorOf, namesOf, say, setting, startRaw, sumOf, type Setting } from "./mirror-setting.ts";
import { A_MIRROR } from "./tables.ts";

const NOWHERE = "http://127.0.0.1:1";
const SESSIONS = 16;

let all: Setting;
beforeAll(async () => {
  all = await setting(NOWHERE);
});
afterAll(cleanUp);

function flood(socket: Socket): void {
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const pour = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {
      // As fast as it goes.
    }
  };
  socket.once("data", () => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    socket.on("drain", pour);
    pour();
  });
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n";

const saying = (words: string) => (socket: Socket) => void socket.once("data", () => socket.end(words));

function dripping(socket: Socket): void {
  socket.once("data", () => {
    socket.write(HEAD);
    const timer = setInterval(() => socket.write("x"), 50);
    socket.once("close", () => clearInterval(timer));
  });
}

describe("whatever a shadow does, users get their whole answers, and the records say what it did:", () => {
  type Case = { readonly what: string; readonly outcome: string; readonly start: () => Promise<string> };
  const cases: readonly Case[] = [
    { what: "it is down", outcome: "failed unreachable", start: async () => `http://127.0.0.1:${await freePort()}` },
    { what: "it reads nothing", outcome: "failed timeout", start: () => startRaw((socket) => void socket.pause()) },
    { what: "it never answers", outcome: "failed timeout", start: () => startRaw((socket) => void socket.resume()) },
    { what: "it closes at once", outcome: "failed reset", start: () => startRaw((socket) => void socket.destroy()) },
    { what: "it floods", outcome: "failed answer_too_large", start: () => startRaw(flood) },
    { what: "it speaks no HTTP", outcome: "failed malformed", start: () => startRaw(saying("SSH-2.0-x\r\n\r\n")) },
    { what: "it stops in the middle", outcome: "failed reset", start: () => startRaw(saying(`${HEAD}x`)) },
    { what: "it answers for ever", outcome: "failed timeout", start: () => startRaw(dripping) },
  ];
  test.each(cases)("$what", async ({ what, outcome, start }) => {
    const { server, gateway, publish } = all;
    const rollout = what.toLowerCase().replaceAll(" ", "-");
    // What ends by itself, such as a flood, takes as long as the machine lets it; nothing else ends before its time is over.
    const timeoutMs = outcome === "failed timeout" ? 700 : 20_000;
    const before = await mirrorOf(gateway);
    await publish({ mirror: { ...A_MIRROR, rollout, timeoutMs } }, await start());
    const sessions = namesOf(SESSIONS, rollout);
    const body = "y".repeat(20_000);
    for (let turn = 0; turn < 2; turn += 1) {
      const answers = await Promise.all(sessions.map((session) => say(gateway, session, body)));
      expect(answers).toEqual(sessions.map((session) => answerTo(session, body)));
    }
    const turns = await until(
      () => server.shadowTurns.filter((record) => record.rollout === rollout),
      ({ length }) => length >= SESSIONS,
    );
    expect(new Set(turns.map((record) => `${record.outcome} ${record.reason}`))).toEqual(new Set([outcome]));
    const after = await mirrorOf(gateway);
    expect(after).toMatchObject({ abandoned: before.abandoned + SESSIONS, queueBytes: 0, queued: 0, inFlight: 0 });
    // Of two turns each session had one sent in vain, and the other given up.
    expect(sumOf(after.failed) - sumOf(before.failed)).toBe(SESSIONS);
    expect(sumOf(after.dropped) - sumOf(before.dropped)).toBe(SESSIONS);
  });
});
