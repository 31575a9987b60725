import type { TurnRecord } from "../routing/turn-record.ts";
import type { ResolvedTrace } from "./resolve-trace.ts";
import type { SessionMeasures } from "./session-measures.ts";

type LatencyMeasured = Pick<
  SessionMeasures,
  "slowestTurnMs" | "firstResponseMs" | "slowestFirstByteMs" | "firstTokenMs"
>;

/** How long the user waited. `turns` by time; none of them empty of meaning: a turn that failed was waited for as well. */
export function measureLatency(
  turns: readonly TurnRecord[],
  traceOf: (traceId: string) => ResolvedTrace | undefined,
): LatencyMeasured {
  const [first] = turns;
  const firstResponseMs = first?.firstByteMs ?? null;
  const trace = first === undefined ? undefined : traceOf(first.traceId);
  return {
    slowestTurnMs: largest(turns.map(({ durationMs }) => durationMs)),
    firstResponseMs,
    slowestFirstByteMs: largest(turns.flatMap(({ firstByteMs }) => firstByteMs ?? [])),
    firstTokenMs: (trace === undefined ? null : firstTokenMs(trace)) ?? firstResponseMs,
  };
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/**
 * From the beginning of the turn's outermost span to the earliest token. Only times of spans are compared with one
 * another: the agent's clock and the gateway's may differ by more than a token takes.
 */
function firstTokenMs({ turns, actions }: ResolvedTrace): number | null {
  const began = turns[0]?.startedAt ?? actions[0]?.startedAt ?? 0;
  const at = actions.flatMap(({ startedAt, firstTokenMs: ms }) => (ms === null ? [] : [startedAt + ms]));
  return at.length === 0 ? null : Math.max(0, Math.min(...at) - began);
}
