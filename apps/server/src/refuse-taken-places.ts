import type { Book } from "./controller/book.ts";
import { UsageError } from "./options.ts";
import { tenantOf, type RouteOptions } from "./route-options.ts";

/** Throws `UsageError` when an agent that is known from before has lost its place. */
export function refuseTakenPlaces(book: Pick<Book, "agents">, places: RouteOptions["places"]): void {
  const problems = book.agents().flatMap(({ agent }) => {
    const tenant = tenantOf(agent, places);
    return tenant === null
      ? []
      : [`--route: found ${tenant} at /${agent}, where agent ${agent} is, expected one agent`];
  });
  if (problems.length > 0) throw new UsageError(problems.join("; "));
}
