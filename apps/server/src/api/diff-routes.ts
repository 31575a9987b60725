import type { ReleaseDiffView } from "@perch/api";
import { diffReleases, parseReleaseName, type ReleaseContentSource, type ReleaseReference } from "@perch/domain";
import { Hono, type Context } from "hono";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { resolveRelease } from "./resolve-release.ts";

export type DiffDeps = { readonly contents: ReleaseContentSource; readonly book: Book };

/** `GET /v1/agents/:agent/diff?from=…&to=…`: what changed between two releases of an agent, by version, digest or pointer. */
export function createDiffRoutes({ contents, book }: DiffDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/agents/:agent/diff", async (context) => {
    const [from, to] = [referenceOf(context, "from", book), referenceOf(context, "to", book)];
    const [before, after] = await Promise.all([contents.read(from), contents.read(to)]);
    // A diff is plain data of the very shape that the API promises.
    return context.json(diffReleases(before, after) satisfies Readonlier<ReleaseDiffView>);
  });
  return routes;
}

type Readonlier<T> = T extends object ? { readonly [Key in keyof T]: Readonlier<T[Key]> } : T;

function referenceOf(context: Context, side: "from" | "to", book: Book): ReleaseReference {
  const name = context.req.query(side);
  if (name !== undefined && name !== "") {
    // A pointer is a word; a version begins with a digit, a digest has a colon.
    const mark = /^[a-z][a-z0-9-]*$/.test(name) ? ":" : "@";
    return resolveRelease(parseReleaseName(`${context.req.param("agent") ?? ""}${mark}${name}`), book);
  }
  throw new ApiError({
    status: 400,
    code: "query_malformed",
    message: `found no ?${side}=, expected a version, a digest or a pointer of the agent`,
    hint: "ask for /v1/agents/AGENT/diff?from=1.0.0&to=1.1.0",
  });
}
