import type { CohortSource } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { assignedInStep } from "./assigned-in-step.ts";
import { cohortMembers } from "./cohort-members.ts";
import { sessionHistory } from "./session-history.ts";
import { signsOfLife } from "./signs-of-life.ts";

export function createClickHouseCohortSource(client: ClickHouseClient): CohortSource {
  return {
    members: (query) => cohortMembers(client, query),
    assigned: (query) => assignedInStep(client, query),
    signsOfLife: (query) => signsOfLife(client, query),
    history: (query) => sessionHistory(client, query),
  };
}
