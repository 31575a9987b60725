import { join } from "node:path";
import { createSqliteAppraisalStore, openScoringDatabase } from "@perch/adapters/sqlite";
import type { ServerDeps } from "./create-server.ts";
import { readScorers } from "./scoring/read-scorers.ts";

export type Scoring = NonNullable<ServerDeps["scoring"]>;

/** Null where nobody judges: then nothing is kept for it either. */
export function openScoring(file: string | null, directory: string): Scoring | null {
  if (file === null) return null;
  const scorers = readScorers(file, process.env);
  return { scorers, store: createSqliteAppraisalStore(openScoringDatabase(join(directory, "scoring.sqlite"))) };
}
