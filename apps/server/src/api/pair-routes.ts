import type { PairPage } from "@perch/api";
import { judgePair, type PairEvidence, type PairPlace, type PairSource, type Rollout } from "@perch/domain";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { heldRollout } from "./unknown-rollout.ts";

export type PairRoutesDeps = { readonly book: Book; readonly pairs: Pick<PairSource, "pairs"> };

const PAIRS_A_PAGE = 50;
const MOST_PAIRS_A_PAGE = 500;

/** `GET /v1/rollouts/:id/pairs`: what the mirrored sessions of a rollout were on either side. */
export function createPairRoutes({ book, pairs }: PairRoutesDeps): Hono {
  const routes = new Hono();
  routes.get("/v1/rollouts/:id/pairs", async (context) => {
    const { rollout } = heldRollout(context.req.param("id"), book);
    const query = { limit: parseLimit(context.req.query("limit")), before: parsePlace(context.req.query("before")) };
    const found = await pairs.pairs({ rollout: rollout.id, ...query });
    const views = found.map((evidence) => toView(evidence, rollout));
    const last = found.length === query.limit ? views.at(-1) : undefined;
    const next = last === undefined ? null : `${last.startedAt}~${last.session}`;
    return context.json({ pairs: views, next } satisfies PairPage);
  });
  return routes;
}

function toView(evidence: PairEvidence, { baseline, canary }: Rollout): PairPage["pairs"][number] {
  const pair = judgePair(evidence);
  const side = ({ statuses, ...rest }: typeof pair.baseline, release: string) => ({
    ...rest,
    release,
    statuses: [...statuses],
  });
  return {
    session: evidence.session,
    startedAt: pair.startedAt,
    isComplete: pair.incompleteBecause.length === 0,
    incompleteBecause: [...pair.incompleteBecause],
    baseline: side(pair.baseline, baseline.digest),
    shadow: side(pair.shadow, canary.digest),
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return PAIRS_A_PAGE;
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (limit <= MOST_PAIRS_A_PAGE) return limit;
  throw malformed(
    `found limit ${JSON.stringify(text.slice(0, 40))}, expected a whole number from 1 to ${MOST_PAIRS_A_PAGE}`,
  );
}

/** As `next` of the page before has it. */
function parsePlace(text: string | undefined): PairPlace | null {
  if (text === undefined) return null;
  const [, at, session] = /^(\d+(?:\.\d+)?)~([\x21-\x7e]{1,200})$/.exec(text) ?? [];
  if (at !== undefined && session !== undefined) return { at: Number(at), session };
  throw malformed(`found before ${JSON.stringify(text.slice(0, 40))}, expected what "next" of the page before says`);
}

function malformed(message: string): ApiError {
  return new ApiError({
    status: 400,
    code: "query_malformed",
    message,
    hint: "GET /v1/rollouts/ID/pairs?limit=50, then the same with before=NEXT",
  });
}
