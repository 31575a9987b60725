import type { ScorersView } from "@perch/api";
import { Hono } from "hono";
import type { Judging } from "../scoring/create-judging.ts";

/** `GET /v1/scorers`: who judges sessions, and what came of it. */
export function createScorerRoutes(judging: Pick<Judging, "view">): Hono {
  const routes = new Hono();
  routes.get("/v1/scorers", (context) => context.json(judging.view() satisfies ScorersView));
  return routes;
}
