import { setTimeout as delay } from "node:timers/promises";
import {
  rolloutCommandSchema,
  type LedgerEntryView,
  type RolloutCommand,
  type RolloutStarted,
  type RolloutView,
} from "@perch/api";
import {
  notificationJsonSchema,
  rolloutJsonSchema,
  waitsForGateways,
  type Ledger,
  type Rollout,
  type RolloutEvent,
} from "@perch/domain";
import { Hono } from "hono";
import { ApiError } from "./api-error.ts";
import { applyRollout, type ApplyRolloutDeps } from "./apply-rollout.ts";
import { eventStream } from "./event-stream.ts";
import type { LiveFeed } from "./live-feed.ts";
import { readBody, readText } from "./read-body.ts";
import type { Watches } from "../controller/watches.ts";
import type { Views } from "./views.ts";
import { heldRollout, unknownRollout } from "./unknown-rollout.ts";

export type RolloutRoutesDeps = ApplyRolloutDeps & {
  readonly views: Views;
  readonly feed: LiveFeed;
  readonly watches: Pick<Watches, "target">;
  readonly ledger: Pick<Ledger, "read">;
  /** What was recorded is carried out before the answer is given, as far as it can be at once. */
  readonly onRecorded: () => Promise<void>;
};

/** How long an answer waits for the gateways' acknowledgements, and how often it looks. */
const [PATIENCE_MS, LOOK_EVERY_MS] = [150, 10];

type Verb = "pause" | "resume" | "rollback" | "undo" | "abort" | "promote";
type RequestType = Extract<RolloutEvent, { actor: string; reason: string }>["type"];

const REQUESTS: Readonly<Record<Verb, { readonly type: RequestType; readonly hint: string }>> = {
  pause: {
    type: "pauseRequested",
    hint: "only a rollout that is shadowing, shifting or baking can be paused; one that is announced to roll back is undone",
  },
  resume: { type: "resumeRequested", hint: "only a paused rollout can be resumed" },
  rollback: {
    type: "rollbackRequested",
    hint: "before anybody met the canary use abort; after a day start a new rollout",
  },
  undo: { type: "undoRequested", hint: "no rollback of it is announced or waits for its target" },
  abort: { type: "abortRequested", hint: "a promotion is undone by rollback" },
  promote: {
    type: "promoteRequested",
    hint: "only a rollout that users meet can be promoted, and none that only mirrors",
  },
};

const MOST_ROLLOUTS = 200;

/** `/v1/rollouts…` and `GET /v1/schemas/{rollout,notifications}`. */
export function createRolloutRoutes(deps: RolloutRoutesDeps): Hono {
  const { book, views, feed } = deps;
  const routes = new Hono();
  routes.get("/v1/schemas/rollout", (context) => context.json(rolloutJsonSchema()));
  routes.get("/v1/schemas/notifications", (context) => context.json(notificationJsonSchema()));
  routes.get("/v1/rollouts", async (context) => context.json(await views.rollouts(MOST_ROLLOUTS)));
  routes.post("/v1/rollouts", async (context) => {
    const text = await readText(context);
    const { actor, force } = context.req.query();
    const applied = await applyRollout({ text, actor: actor ?? "api", force: force ?? "" }, deps);
    await deps.onRecorded();
    const warnings = [...applied.warnings];
    const started: RolloutStarted = { ...(await viewOf(applied.rollout.id, views)), warnings };
    return context.json(started, 201);
  });
  routes.get("/v1/rollouts/:id", async (context) => context.json(await viewOf(context.req.param("id"), views)));
  routes.get("/v1/rollouts/:id/stream", (context) => {
    const { id } = heldRollout(context.req.param("id"), book).rollout;
    return eventStream(context, (send) => feed.followRollout(id, send));
  });
  routes.get("/v1/rollouts/:id/ledger", async (context) => {
    const { id } = heldRollout(context.req.param("id"), book).rollout;
    const entries: readonly LedgerEntryView[] = await deps.ledger.read(id);
    return context.json(entries);
  });
  for (const verb of ["pause", "resume", "rollback", "undo", "abort", "promote"] as const) {
    routes.post(`/v1/rollouts/:id/${verb}`, async (context) => {
      const body = await readBody(context, rolloutCommandSchema);
      const { id } = await command(context.req.param("id"), verb, { body, deps });
      await letGatewaysAnswer(id, book);
      return context.json(await viewOf(id, views));
    });
  }
  return routes;
}

/** They have the processor first, and what they say is then told too. */
async function letGatewaysAnswer(id: string, book: RolloutRoutesDeps["book"]): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
    const held = book.held(id);
    if (held === null || !waitsForGateways(held.rollout.phase)) return;
    await delay(LOOK_EVERY_MS);
  }
}

async function command(
  id: string,
  verb: Verb,
  { body, deps }: { body: RolloutCommand; deps: RolloutRoutesDeps },
): Promise<Rollout> {
  refuseStrayFlags(verb, body);
  const known = heldRollout(id, deps.book).rollout;
  if (verb === "rollback" && !body.force) await deps.watches.target(known.id);
  const before = heldRollout(id, deps.book).rollout;
  const { actor, reason, force, freezeNew } = body;
  const flags = { ...(force ? { force } : {}), ...(freezeNew ? { freezeNew } : {}) };
  const type = REQUESTS[verb].type;
  const after = await deps.book.record(before.id, { type, at: deps.now(), actor, reason, ...flags });
  if (after === before) {
    throw new ApiError({
      status: 409,
      code: "not_possible_now",
      message: `cannot ${verb} the rollout ${id}: it is ${before.phase.kind}`,
      hint: REQUESTS[verb].hint,
    });
  }
  await deps.onRecorded();
  return after;
}

/** A flag that would be ignored was meant for something else. */
function refuseStrayFlags(verb: Verb, { force, freezeNew }: RolloutCommand): void {
  const stray = force && verb !== "rollback" ? "force" : freezeNew && verb !== "pause" ? "freezeNew" : null;
  if (stray === null) return;
  throw new ApiError({
    status: 400,
    code: "body_malformed",
    message: `found ${stray} in a command to ${verb}, expected it only to ${stray === "force" ? "rollback" : "pause"}`,
    hint: "leave it out",
  });
}

async function viewOf(id: string, views: Views): Promise<RolloutView> {
  const view = await views.rollout(id);
  if (view !== null) return view;
  throw unknownRollout(id);
}
