import type { ExplorerSource } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { maturedSession } from "./matured-session.ts";
import { spansOfTraces } from "./spans-of-traces.ts";
import { spreadByArm } from "./spread-by-arm.ts";
import { toolTransitions } from "./tool-transitions.ts";
import { unjoinedSpans } from "./unjoined-spans.ts";
import { unpricedModels } from "./unpriced-models.ts";

export function createClickHouseExplorerSource(client: ClickHouseClient): ExplorerSource {
  return {
    trace: (traceId) => spansOfTraces(client, [traceId]),
    matured: (session) => maturedSession(client, session),
    transitions: (query) => toolTransitions(client, query),
    spreads: (rollout) => spreadByArm(client, rollout),
    unpricedModels: (query) => unpricedModels(client, query),
    unjoinedSpans: (query) => unjoinedSpans(client, query),
  };
}
