/** What is kept of each row of `from` in the table `to`: its columns by name, and the rest of the query behind FROM. */
export type View = {
  readonly from: "turns" | "sessions";
  readonly to: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly rest: string;
};

const PLACEMENT = "Tuple(String, Nullable(String), Nullable(UInt32))";

/** Part of migration 8, and like it never edited. */
export const VIEWS: readonly View[] = [
  {
    from: "turns",
    to: "session_states",
    columns: {
      key: "sipHash64(turns.agent, turns.session)",
      agent: "any(turns.agent)",
      session: "any(turns.session)",
      began_at: "min(started_at)",
      active_at: "max(started_at + duration_ms)",
      turn_at: "max(if(kind = 'turn', started_at + duration_ms, -inf))",
      has_begun: "max(kind != 'sessionEnd')",
      is_over: "max(ends_session OR kind = 'sessionEnd')",
      least_release: "min(sipHash64(turns.release))",
      most_release: "max(sipHash64(turns.release))",
      releases: "groupUniqArray(sipHash64(turns.release))",
      placement: `argMinState(CAST((turns.arm, turns.rollout, turns.step), '${PLACEMENT}'), started_at)`,
      at_release: "argMaxState(toString(turns.release), started_at)",
      turn_ids: "groupUniqArrayIf(sipHash64(id), kind = 'turn')",
    },
    rest: "GROUP BY key",
  },
  {
    from: "turns",
    to: "assignments",
    columns: {
      rollout: "assumeNotNull(turns.rollout)",
      step: "assumeNotNull(turns.step)",
      arrival: "turns.arrival",
      key: "sipHash64(turns.agent, turns.session)",
      session: "turns.session",
      arm: "turns.arm",
      started_at: "turns.started_at",
    },
    rest: "WHERE kind = 'assignment' AND turns.rollout IS NOT NULL AND turns.step IS NOT NULL",
  },
  {
    from: "turns",
    to: "rollout_sessions",
    columns: {
      rollout: "assumeNotNull(turns.rollout)",
      key: "sipHash64(turns.agent, turns.session)",
      began_at: "minOrNullIf(started_at, kind = 'turn')",
      arm: "argMinIfState(toString(turns.arm), started_at, kind = 'turn')",
      turn_ids: "groupUniqArrayIf(sipHash64(id), kind = 'turn')",
    },
    rest: "WHERE turns.rollout IS NOT NULL GROUP BY turns.rollout, key",
  },
  {
    from: "turns",
    to: "turn_times",
    columns: {
      agent: "turns.agent",
      ended_at: "turns.started_at + turns.duration_ms",
      id: "turns.id",
      kind: "turns.kind",
      session: "turns.session",
      release: "turns.release",
      arm: "turns.arm",
      started_at: "turns.started_at",
      duration_ms: "turns.duration_ms",
      first_byte_ms: "turns.first_byte_ms",
    },
    rest: "",
  },
  {
    from: "turns",
    to: "release_activity",
    columns: { agent: "turns.agent", release: "turns.release", turn_at: "max(started_at + duration_ms)" },
    rest: "WHERE kind = 'turn' GROUP BY turns.agent, turns.release",
  },
  {
    from: "sessions",
    to: "session_states",
    columns: {
      key: "sipHash64(sessions.agent, sessions.session)",
      agent: "any(sessions.agent)",
      session: "any(sessions.session)",
      matured_as: "min(sequence)",
    },
    rest: "GROUP BY key",
  },
  {
    from: "sessions",
    to: "outcomes",
    columns: {
      rollout: "assumeNotNull(sessions.rollout)",
      key: "sipHash64(sessions.agent, sessions.session)",
      arm: "sessions.arm",
      sequence: "sessions.sequence",
      turns: "sessions.turns",
      is_escalated: "sessions.is_escalated",
      mean_sentiment: "sessions.mean_sentiment",
      tool_sequence: "sessions.tool_sequence",
      precedence: "18446744073709551615 - sessions.sequence",
    },
    rest: "WHERE sessions.rollout IS NOT NULL",
  },
];
