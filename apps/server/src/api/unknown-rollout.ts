import type { Book, HeldRollout } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";

/** Throws when the book holds no such rollout. */
export function heldRollout(id: string, book: Pick<Book, "held">): HeldRollout {
  const held = book.held(id);
  if (held === null) throw unknownRollout(id);
  return held;
}

export function unknownRollout(id: string): ApiError {
  return new ApiError({
    status: 404,
    code: "unknown_rollout",
    message: `found no rollout ${JSON.stringify(id)}`,
    hint: "GET /v1/rollouts lists them",
  });
}
