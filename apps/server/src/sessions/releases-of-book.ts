import { type ArgumentSchemas, type ReleaseFactsSource } from "@perch/domain";
import type { Log } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import { createKnownReleases, type KnownReleases, type KnownReleasesDeps } from "./known-releases.ts";

/** Of the releases that run somewhere now. */
export function knownReleasesOf(
  book: Book,
  {
    facts,
    argumentSchemas,
    log,
  }: { readonly facts: ReleaseFactsSource; readonly argumentSchemas: ArgumentSchemas; readonly log: Log },
): KnownReleases {
  const releases = () => deployedReleases(book);
  return createKnownReleases({ facts, schemas: argumentSchemas, releases, tick: () => performance.now(), log });
}

function deployedReleases(book: Book): ReturnType<KnownReleasesDeps["releases"]> {
  return book.agents().flatMap(({ agent, deployments }) => {
    const digests = new Set(deployments.map(({ release }) => release));
    return [...digests].map((digest) => ({ kind: "digest", agent, digest }) as const);
  });
}
