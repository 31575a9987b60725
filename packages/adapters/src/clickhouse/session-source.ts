import type { Arm, ArmSummary, SessionSource } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { assignedByArm, type AssignedByArm } from "./assigned-by-arm.ts";
import { exposedSessions } from "./exposed-sessions.ts";
import { listedSessions } from "./listed-sessions.ts";
import { maturedByArm, type MaturedByArm } from "./matured-by-arm.ts";
import { movedCounts, movedSessions } from "./moved-sessions.ts";
import { recentSessions } from "./recent-sessions.ts";
import { recordedSessions } from "./recorded-sessions.ts";
import { releaseActivity } from "./release-activity.ts";
import { switchedSessions } from "./switched-sessions.ts";
import { trafficByRelease } from "./traffic-by-release.ts";

export function createClickHouseSessionSource(client: ClickHouseClient): SessionSource {
  return {
    recent: (limit) => recentSessions(client, limit),
    async armSummaries(rollout) {
      const [assigned, matured] = await Promise.all([assignedByArm(client, rollout), maturedByArm(client, rollout)]);
      const summaryOf = (arm: Arm) =>
        summaryFrom(
          assigned.find((row) => row.session_arm === arm),
          matured.find((row) => row.arm === arm),
        );
      return { baseline: summaryOf("baseline"), canary: summaryOf("canary") };
    },
    releaseTraffic: (query) => trafficByRelease(client, query),
    list: (query) => listedSessions(client, query),
    releaseActivity: (query) => releaseActivity(client, query),
    recorded: (query) => recordedSessions(client, query),
    switchedSessions: (rollout) => switchedSessions(client, rollout),
    exposedSessions: (query) => exposedSessions(client, query),
    movedSessions: (query) => movedSessions(client, query),
    movedCounts: (agent) => movedCounts(client, agent),
  };
}

const NOBODY_ASSIGNED = { sessions: 0, turns: 0 };
const NOBODY_MATURED = {
  matured: 0,
  escalated: 0,
  mean_turns: null,
  mean_sentiment_of_sessions: null,
  mean_tool_calls: null,
};

function summaryFrom(assignedRow: AssignedByArm | undefined, maturedRow: MaturedByArm | undefined): ArmSummary {
  const assigned = assignedRow ?? NOBODY_ASSIGNED;
  const matured = maturedRow ?? NOBODY_MATURED;
  return {
    sessions: assigned.sessions,
    matured: matured.matured,
    escalated: matured.escalated,
    turns: assigned.turns,
    meanTurns: matured.mean_turns,
    meanSentiment: matured.mean_sentiment_of_sessions,
    meanToolCalls: matured.mean_tool_calls,
  };
}
