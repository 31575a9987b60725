import { EMPTY_POLICY, type Digest, type ReleasePolicy } from "@perch/domain";
import type { Book } from "./book.ts";

/** Whether the policy of any known release names the tool: then its name is kept, however many there are. */
export function namesTool(tool: string, book: Book): boolean {
  return book
    .agents()
    .some(({ releases }) =>
      releases.some(({ policy }) => policy.escalationTools.includes(tool) || policy.successTools.includes(tool)),
    );
}

/** Of a release the server has never heard of: the empty policy. */
export function policyOf(release: Digest, book: Book): ReleasePolicy {
  for (const record of book.agents()) {
    const known = record.releases.find(({ digest }) => digest === release);
    if (known !== undefined) return known.policy;
  }
  return EMPTY_POLICY;
}
