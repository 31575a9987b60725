import { ReleaseError } from "@perch/domain";
import {
  EMPTY_INDEX,
  indexBytes,
  OCI_INDEX_TYPE,
  parseIndexDocument,
  type IndexDocument,
  type IndexedStore,
} from "../oci-index/index.ts";
import type { Bucket, WriteCondition } from "./bucket.ts";
import type { Timing } from "./timing.ts";

const MAX_INDEX_BYTES = 16 * 1024 * 1024;
const MAX_ATTEMPTS = 20;
const BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 1_000;
const SETTLE_MS = 200;
const SETTLE_FACTOR = 3;

export type AgentIndexOptions = {
  readonly bucket: Bucket;
  readonly key: string;
  /** Where the index is, for messages. */
  readonly location: string;
  /** Asked before the first write. */
  readonly honoursConditions: () => Promise<boolean>;
  readonly timing: Timing;
};

type HeldIndex = { readonly index: IndexDocument; readonly condition: WriteCondition };

/**
 * The index object of one agent. Where the bucket honours conditional writes, a change is a compare-and-set and no change is
 * ever lost. Where it does not, a change is written, and read again after a while: it counts when it still stands then.
 * A writer that takes longer than that while between reading and writing may still undo what another one added.
 */
export function createAgentIndex(options: AgentIndexOptions): Pick<IndexedStore, "readIndex" | "changeIndex"> {
  const { bucket, key, location, timing } = options;
  return {
    readIndex: async () => (await readHeld(options)).index,
    async changeIndex(change) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const startedAt = timing.now();
        const { index, condition } = await readHeld(options);
        const next = await change(index);
        if (next === index) return;
        const isAtomic = condition.kind !== "none" && (await options.honoursConditions());
        const object = { bytes: indexBytes(next), mediaType: OCI_INDEX_TYPE };
        const outcome = await bucket.write(key, object, isAtomic ? condition : { kind: "none" });
        if (isAtomic && outcome === "written") return;
        const waitMs = isAtomic ? backoffMs(attempt) : settleMs(timing.now() - startedAt);
        await timing.pause(waitMs * (isAtomic ? timing.random() : 1 + timing.random()));
      }
      throw contended(location);
    },
  };
}

// Grows with each attempt, so that many writers spread out.
function backoffMs(attempt: number): number {
  return Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempt);
}

// Whoever read before this write has written by then, if the way to the bucket takes them about as long.
function settleMs(tookMs: number): number {
  return Math.max(SETTLE_MS, SETTLE_FACTOR * tookMs);
}

async function readHeld({ bucket, key, location }: AgentIndexOptions): Promise<HeldIndex> {
  const held = await bucket.read(key, MAX_INDEX_BYTES);
  if (held === null) return { index: EMPTY_INDEX, condition: { kind: "isAbsent" } };
  const { bytes, etag } = held;
  if (bytes.length > MAX_INDEX_BYTES) throw invalid(location, `more than ${MAX_INDEX_BYTES} bytes`);
  // Without an ETag there is nothing to compare.
  return { index: parse(bytes, location), condition: etag === "" ? { kind: "none" } : { kind: "isUnchanged", etag } };
}

function parse(bytes: Uint8Array, location: string): IndexDocument {
  try {
    return parseIndexDocument(bytes);
  } catch (error) {
    if (error instanceof ReleaseError) throw invalid(location, "a document that cannot be read", error);
    throw error;
  }
}

function invalid(location: string, found: string, cause?: unknown): ReleaseError {
  return new ReleaseError({
    code: "layout_invalid",
    message: `found ${found} as the index of ${location}, expected an index of the OCI image specification 1.1`,
    hint: "put an earlier version of the object index.json back, or delete it and push the agent's releases again",
    cause,
  });
}

function contended(location: string): ReleaseError {
  return new ReleaseError({
    code: "registry_refused",
    message: `found the index of ${location} changed by others ${MAX_ATTEMPTS} times in a row, expected to change it`,
    hint: "run it again when fewer are writing: only what is missing is sent",
  });
}
