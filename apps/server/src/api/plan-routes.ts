import { Hono } from "hono";
import { parseTraffic, planRollout, type PlanRolloutDeps } from "./plan-rollout.ts";
import { readText } from "./read-body.ts";

/** `POST /v1/rollouts/plan?traffic=…` with a rollout file: what it would do. Records nothing. */
export function createPlanRoutes(deps: PlanRolloutDeps): Hono {
  const routes = new Hono();
  routes.post("/v1/rollouts/plan", async (context) => {
    const traffic = parseTraffic(context.req.query("traffic"));
    // A forecast is plain data of the very shape that the API promises.
    return context.json(await planRollout({ text: await readText(context), traffic }, deps));
  });
  return routes;
}
