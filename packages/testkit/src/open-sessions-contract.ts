import { parseAgentName, parseSessionId, type SessionId, type SessionKey, type TraceStore } from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession } from "./telemetry-builders.ts";

const FIRST = parseSessionId("session-1");
const SECOND = parseSessionId("session-2");
const THIRD = parseSessionId("session-3");
const AGENT = parseAgentName("support");
const keyOf = (session: SessionId): SessionKey => ({ agent: AGENT, session });

/** What every trace store promises of sessions that have begun and are not mature. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeOpenSessions(store: () => TraceStore): void {
  test("a session with a turn is open until it has matured", async () => {
    await store().appendTurns([aTurnRecord({ startedAt: 1000, durationMs: 20 })]);
    expect(await store().openSessions(0)).toEqual([{ ...keyOf(FIRST), lastActivityAt: 1020, isEnded: false }]);
    await store().appendSessions([aMaturedSession()]);
    expect(await store().openSessions(0)).toEqual([]);
  });

  test("an open session is ended by its last turn or by a record of its end", async () => {
    await store().appendTurns([
      aTurnRecord({ id: "1", endsSession: true }),
      aTurnRecord({ id: "2", session: SECOND }),
      aTurnRecord({ id: "3", session: SECOND, kind: "sessionEnd" }),
    ]);
    const open = await store().openSessions(0);
    expect(new Map(open.map((one) => [one.session, one.isEnded]))).toEqual(
      new Map([
        [FIRST, true],
        [SECOND, true],
      ]),
    );
  });

  test("leaves out sessions that were silent since, and those that were only ended", async () => {
    await store().appendTurns([
      aTurnRecord({ id: "1", startedAt: 1000, durationMs: 20 }),
      aTurnRecord({ id: "2", session: SECOND, startedAt: 5000 }),
      aTurnRecord({ id: "3", session: THIRD, startedAt: 5000, kind: "sessionEnd" }),
    ]);
    expect((await store().openSessions(2000)).map((one) => one.session)).toEqual([SECOND]);
  });
}
