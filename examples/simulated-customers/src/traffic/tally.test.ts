import { expect, test } from "vitest";
import type { SessionResult } from "../customer/run-session.ts";
import { createTally } from "./tally.ts";

const finished: SessionResult = { kind: "finished", versions: ["2.3.0"], isEscalated: false, turns: 2, retries: 0 };

test("sessions are counted by release, with those that were handed over", () => {
  const tally = createTally(() => 0);
  for (let count = 0; count < 3; count += 1) tally.start();
  tally.add(finished);
  tally.add({ ...finished, versions: ["2.3.1"], isEscalated: true });
  expect(tally.report("wholeRun")).toMatchObject({
    started: 3,
    finished: 2,
    failed: 0,
    inFlight: 1,
    turns: 4,
    sessionsByVersion: { "2.3.0": 1, "2.3.1": 1 },
    escalatedByVersion: { "2.3.1": 1 },
  });
});

test("a session that saw two releases is counted as switched", () => {
  const tally = createTally(() => 0);
  tally.add({ ...finished, versions: ["2.3.0", "2.3.1"] });
  tally.add(finished);
  expect(tally.report("wholeRun").switchedSessions).toBe(1);
});

test("a session that never got an answer counts as failed and for no release", () => {
  const tally = createTally(() => 0);
  tally.add({ ...finished, kind: "failed", versions: [], retries: 30 });
  expect(tally.report("wholeRun")).toMatchObject({ failed: 1, finished: 0, retries: 30, sessionsByVersion: {} });
});

test("a progress line tells the rate since the line before, the last one that of the whole run", () => {
  let clock = 0;
  const tally = createTally(() => clock);
  const finishThenReport = (count: number) => {
    for (let done = 0; done < count; done += 1) tally.add(finished);
    clock += 1000;
    return tally.report("sinceLastReport").ratePerSecond;
  };
  expect([finishThenReport(40), finishThenReport(10)]).toEqual([40, 10]);
  expect(tally.report("wholeRun").ratePerSecond).toBe(25);
});
