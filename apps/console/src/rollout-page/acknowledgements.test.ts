import { expect, test } from "vitest";
import { acknowledgementsOf } from "./acknowledgements.ts";

const ACKED = { gateway: "gw-b", ackedAt: 1_038, fenced: false };
const FAST = { gateway: "gw-a", ackedAt: 1_011, fenced: false };
const FENCED = { gateway: "gw-c", ackedAt: null, fenced: true };
const WAITING = { gateway: "gw-d", ackedAt: null, fenced: false };

function propagation(gateways: (typeof FAST | typeof FENCED)[]) {
  return { revision: { epoch: 1, sequence: 8 }, decidedAt: 1_000, firstAckAt: null, lastAckAt: null, gateways };
}

test("gateways are listed fastest first, those without an answer last", () => {
  const { rows } = acknowledgementsOf(propagation([WAITING, FENCED, ACKED, FAST]));
  expect(rows.map((row) => [row.gateway, row.state, row.afterMs])).toEqual([
    ["gw-a", "acknowledged", 11],
    ["gw-b", "acknowledged", 38],
    ["gw-c", "fenced", null],
    ["gw-d", "waiting", null],
  ]);
});

test("the time to the last gateway is known only when none is awaited", () => {
  expect(acknowledgementsOf(propagation([FAST, ACKED, FENCED]))).toMatchObject({ waiting: 0, lastMs: 38 });
  expect(acknowledgementsOf(propagation([FAST, WAITING]))).toMatchObject({ waiting: 1, lastMs: null });
  expect(acknowledgementsOf(propagation([FENCED]))).toMatchObject({ waiting: 0, lastMs: null });
});
