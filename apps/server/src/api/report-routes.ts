import type { ReportView } from "@perch/api";
import type { Ledger, WriteCallSource, ReleaseContentSource, TraceStore } from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { blastRadiusOf } from "./blast-radius.ts";
import { reportBasics } from "./report-basics.ts";
import type { Views } from "./views.ts";
import { unknownRollout } from "./unknown-rollout.ts";

export type ReportDeps = {
  readonly book: Book;
  readonly ledger: Pick<Ledger, "read">;
  readonly views: Pick<Views, "rollout">;
  readonly contents: ReleaseContentSource;
  readonly writeCalls: WriteCallSource;
  readonly store: Pick<TraceStore, "evidenceOf">;
  readonly now: () => number;
};

const [CALLS_SHOWN, MOST_CALLS] = [1000, 100_000];

/** `GET /v1/rollouts/:id/report`. */
export function createReportRoutes(deps: ReportDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/rollouts/:id/report", async (context) => {
    const id = context.req.param("id");
    const limit = parseCalls(context.req.query("calls"));
    const [view, held] = [await deps.views.rollout(id), deps.book.held(id)];
    if (view === null || held === null) throw unknownRollout(id.slice(0, 100));
    const entries = await deps.ledger.read(id);
    const report: ReportView = {
      at: deps.now(),
      rollout: view,
      ...reportBasics(held, entries),
      blastRadius: await blastRadiusOf(held.rollout, limit, deps),
    };
    return context.json(report);
  });
  return routes;
}

function parseCalls(text: string | undefined): number {
  const value = text === undefined ? CALLS_SHOWN : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= MOST_CALLS) return value;
  throw new ApiError({
    status: 400,
    code: "query_malformed",
    message: `found ?calls=${String(text).slice(0, 100)}, expected a whole number from 0 to ${MOST_CALLS}`,
    hint: "leave it out for the first 1000 calls",
  });
}
