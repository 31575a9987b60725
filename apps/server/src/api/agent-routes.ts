import { deploymentRequestSchema } from "@perch/api";
import { Hono } from "hono";
import { toAgentView, type AgentViewDeps } from "./agent-view.ts";
import { ApiError } from "./api-error.ts";
import { registerDeployment, removeDeployment, type DeploymentDeps } from "./deployments.ts";
import { readBody } from "./read-body.ts";

/** `/v1/agents` and `/v1/deployments`. */
export function createAgentRoutes(deps: DeploymentDeps & AgentViewDeps): Hono {
  const { book } = deps;
  const routes = new Hono();
  routes.get("/v1/agents", async (context) =>
    context.json(await Promise.all(book.agents().map((record) => toAgentView(record, book.rollouts(), deps)))),
  );
  routes.get("/v1/agents/:agent", async (context) => {
    const record = book.agent(context.req.param("agent"));
    if (record === null) throw unknownAgent(context.req.param("agent"));
    return context.json(await toAgentView(record, book.rollouts(), deps));
  });
  routes.get("/v1/deployments", (context) =>
    context.json(
      book.agents().flatMap((record) =>
        record.deployments.map(({ release, url, registeredAt }) => ({
          agent: record.agent,
          release: {
            digest: release,
            version: record.releases.find(({ digest }) => digest === release)?.version ?? "",
          },
          url,
          registeredAt,
        })),
      ),
    ),
  );
  routes.post("/v1/deployments", async (context) => {
    const request = await readBody(context, deploymentRequestSchema);
    const adds = context.req.query("add") === "true";
    return context.json(await registerDeployment({ ...request, adds }, deps), 201);
  });
  routes.delete("/v1/deployments", async (context) =>
    context.json(await removeDeployment(await readBody(context, deploymentRequestSchema), deps)),
  );
  return routes;
}

export function unknownAgent(name: string): ApiError {
  return new ApiError({
    status: 404,
    code: "unknown_agent",
    message: `found no agent ${JSON.stringify(name)}`,
    hint: "GET /v1/agents lists them; `perch deploy` adds one",
  });
}
