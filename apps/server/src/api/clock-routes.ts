import { clockSchema, type ClockAnswer } from "@perch/api";
import { Hono } from "hono";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { readBody } from "./read-body.ts";

export type ClockRoutesDeps = {
  readonly now: () => number;
  /** Null on a server that lives by the real clock. */
  readonly setNow: ((now: number) => void) | null;
  /** Everything that a timer would do, until nothing more happens. */
  readonly turn: () => Promise<void>;
  readonly book: Pick<Book, "rollouts">;
};

/** `POST /v1/clock`: sets the made-up time, runs every loop to rest, and answers in which phase each rollout is. */
export function createClockRoutes({ now, setNow, turn, book }: ClockRoutesDeps): Hono {
  const routes = new Hono();
  routes.post("/v1/clock", async (context) => {
    const asked = await readBody(context, clockSchema);
    if (setNow === null) {
      throw new ApiError({
        status: 409,
        code: "clock_not_synthetic",
        message: "this server lives by the real clock, expected one with a synthetic clock",
        hint: "start the server with --clock synthetic",
      });
    }
    if (asked.now < now()) {
      throw new ApiError({
        status: 409,
        code: "clock_went_back",
        message: `found the time ${asked.now}, expected ${now()} or later`,
        hint: "time only goes forward",
      });
    }
    setNow(asked.now);
    await turn();
    const phases = Object.fromEntries(book.rollouts().map(({ id, phase }) => [id, phase.kind]));
    return context.json({ now: now(), phases } satisfies ClockAnswer);
  });
  return routes;
}
