import { setTimeout as wait } from "node:timers/promises";
import type { PriceList } from "@perch/domain";
import type { Book } from "../controller/book.ts";
import { idleTimeout, lateness } from "../controller/session-wishes.ts";
import { policyOf } from "../controller/release-policies.ts";
import { createAssembler, type Assembler, type AssemblerDeps } from "./assembler.ts";
import type { KnownReleases } from "./known-releases.ts";

export type OpenAssemblerDeps = Pick<AssemblerDeps, "store" | "now" | "awaitsScores" | "onEvidence"> & {
  readonly book: Book;
  readonly known: KnownReleases;
  readonly prices: PriceList;
  /** Unless a rollout asks for more. */
  readonly latenessMs: number;
  readonly idleTimeoutMs: number;
};

const LEARN_AT_START_MS = 5000;

/** The assembler with the sessions that were open before, and the releases known by which they are measured. */
export async function openAssembler({
  book,
  known,
  prices,
  store,
  now,
  awaitsScores = () => false,
  onEvidence = () => undefined,
  ...least
}: OpenAssemblerDeps): Promise<Assembler> {
  const assembler = createAssembler({
    store,
    now,
    awaitsScores,
    onEvidence,
    policyOf: (release) => policyOf(release, book),
    factsOf: (release) => known.factsOf(release),
    prices,
    // Read at every tick: a rollout may ask for more.
    get latenessMs() {
      return lateness(book.rollouts(), least.latenessMs, now());
    },
    get idleTimeoutMs() {
      return idleTimeout(book.rollouts(), least.idleTimeoutMs, now());
    },
  });
  // Not for ever: a registry that does not answer must not keep telemetry out.
  await Promise.race([known.learn(), wait(LEARN_AT_START_MS, undefined, { ref: false })]);
  await assembler.restore();
  return assembler;
}
