import { parseAgentName, parseSessionId, type AgentRoute, type Pin } from "@perch/domain";
import { aPin, aRoutingTable } from "@perch/testkit";
import { expect, test } from "vitest";
import type { TurnUnderWay } from "../moves/under-way.ts";
import { createRouteIndex } from "../table/route-index.ts";
import { createPinKeeper } from "./keep-pins.ts";

const IDLE_MS = 9000;

function createScene() {
  let now = 0;
  const route = aRoutingTable().agents[0];
  const agents: readonly AgentRoute[] = route === undefined ? [] : [{ ...route, idleTimeoutMs: IDLE_MS }];
  const index = createRouteIndex(aRoutingTable({ agents }));
  const underWay = new Set<TurnUnderWay>();
  const claimed: string[] = [];
  const pins = {
    async claim(pin: Pin, ttlMs: number) {
      claimed.push(`${pin.session} for ${ttlMs} at ${now}`);
      return pin;
    },
  };
  const keep = createPinKeeper({ underWay, pins, held: { index: () => index }, now: () => now });
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      keep();
      now += 1000;
    }
  };
  const begin = (session: string): TurnUnderWay => {
    const turn = { pin: aPin({ agent: parseAgentName("support"), session: parseSessionId(session) }), stay: null };
    underWay.add(turn);
    return turn;
  };
  return { underWay, claimed, pass, begin };
}

test("the pin of a session is renewed three times an idle timeout while its turn goes on, and not afterwards", () => {
  const { underWay, claimed, pass, begin } = createScene();
  const turn = begin("long");
  pass(8);
  expect(claimed).toEqual([`long for ${IDLE_MS} at 3000`, `long for ${IDLE_MS} at 6000`]);
  underWay.delete(turn);
  pass(20);
  expect(claimed).toHaveLength(2);
});

test("a short turn costs no write", () => {
  const { underWay, claimed, pass, begin } = createScene();
  const turn = begin("short");
  pass(2);
  underWay.delete(turn);
  pass(10);
  expect(claimed).toEqual([]);
});
