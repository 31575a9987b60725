import { Hono } from "hono";
import type { Problem } from "@perch/api";
import type { Log } from "@perch/adapters/json-log";
import { eventStream } from "./event-stream.ts";
import type { LiveFeed } from "./live-feed.ts";
import { answerError } from "./problem.ts";
import type { Views } from "./views.ts";

export type AppDeps = {
  readonly log: Log;
  readonly views: Pick<Views, "overview">;
  readonly feed: Pick<LiveFeed, "followOverview">;
  /** In the order in which they are asked; the console, which answers any page, last. */
  readonly routes: readonly Hono[];
};

/** Everything that the server answers on its one port. */
export function createApp({ log, views, feed, routes }: AppDeps): Hono {
  const app = new Hono();
  app.onError((error, context) => answerError(context, error, log));
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/v1/overview", async (context) => context.json(await views.overview()));
  app.get("/v1/overview/stream", (context) => eventStream(context, (send) => feed.followOverview(send)));
  for (const part of routes) app.route("/", part);
  app.notFound((context) => {
    const error = {
      code: "not_found",
      message: `found nothing at ${context.req.method} ${context.req.path}`,
      hint: "the API lives under /v1; the console at /",
    };
    return context.json({ error } satisfies Problem, 404);
  });
  return app;
}
