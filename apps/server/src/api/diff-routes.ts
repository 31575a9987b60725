import type { ReleaseDiffView } from "@perch/api";
import { diffReleases, parseReleaseReference, type ReleaseContentSource, type ReleaseReference } from "@perch/domain";
import { Hono, type Context } from "hono";
import { ApiError } from "./api-error.ts";

export type DiffDeps = { readonly contents: ReleaseContentSource };

/** `GET /v1/agents/:agent/diff?from=…&to=…`: what changed between two releases of an agent, by version or digest. */
export function createDiffRoutes({ contents }: DiffDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/agents/:agent/diff", async (context) => {
    const [from, to] = [referenceOf(context, "from"), referenceOf(context, "to")];
    const [before, after] = await Promise.all([contents.read(from), contents.read(to)]);
    // A diff is plain data of the very shape that the API promises.
    return context.json(diffReleases(before, after) satisfies Readonlier<ReleaseDiffView>);
  });
  return routes;
}

type Readonlier<T> = T extends object ? { readonly [Key in keyof T]: Readonlier<T[Key]> } : T;

function referenceOf(context: Context, side: "from" | "to"): ReleaseReference {
  const name = context.req.query(side);
  if (name !== undefined && name !== "") return parseReleaseReference(`${context.req.param("agent") ?? ""}@${name}`);
  throw new ApiError({
    status: 400,
    code: "query_malformed",
    message: `found no ?${side}=, expected a version or a digest of the agent`,
    hint: "ask for /v1/agents/AGENT/diff?from=1.0.0&to=1.1.0",
  });
}
