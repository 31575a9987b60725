import type { LedgerPage } from "@perch/api";
import type { Ledger } from "@perch/domain";
import { Hono } from "hono";
import { z } from "zod";
import { ApiError } from "./api-error.ts";

const querySchema = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .default(0),
  limit: z.string().transform(Number).pipe(z.number().int().min(1).max(1000)).default(1000),
});

/** `GET /v1/ledger`: all of it, page by page, for whoever checks it or keeps a copy. */
export function createLedgerRoutes(ledger: Pick<Ledger, "readAll">): Hono {
  const routes = new Hono();
  routes.get("/v1/ledger", async (context) => {
    const { after, limit } = parseQuery(context.req.query());
    const entries = await ledger.readAll(after, limit);
    const last = entries.at(-1);
    const page: LedgerPage = {
      entries: [...entries],
      next: entries.length < limit || last === undefined ? null : last.sequence,
    };
    return context.json(page);
  });
  return routes;
}

function parseQuery(query: Record<string, string>): z.infer<typeof querySchema> {
  const parsed = querySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiError({
    status: 400,
    code: "query_malformed",
    message: `the query is not what GET /v1/ledger takes: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    hint: "it takes after (the sequence of the last entry that is known) and limit (1 to 1000)",
  });
}
