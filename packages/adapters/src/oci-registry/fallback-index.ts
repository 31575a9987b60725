import { parseOciIndex, ReleaseError, type Descriptor, type Digest } from "@perch/domain";
import { refused } from "./failure.ts";
import { OCI_INDEX_TYPE, type Manifests } from "./manifests.ts";
import type { Turns } from "./turns.ts";

export type FallbackIndexOptions = {
  readonly manifests: Manifests;
  readonly location: string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
  /** One after the other. */
  readonly inTurn: Turns;
};

/** The index that lists referrers under the tag `sha256-…` where a registry has no referrers API (OCI specification 1.1). */
export type FallbackIndex = {
  read(subject: Digest): Promise<readonly Descriptor[]>;
  /** Adding the same again changes nothing. What other tools wrote into the index stays. */
  add(subject: Digest, descriptor: Descriptor): Promise<void>;
};

const MOST_WRITES = 8;
const SETTLING_MS = 100;

/**
 * There is no compare-and-set: two writers can take away each other's entries. So each looks again a moment after it has
 * written, and writes again when its entry is gone; writers that share `inTurn` do not meet.
 */
export function createFallbackIndex(options: FallbackIndexOptions): FallbackIndex {
  return {
    read: async (subject) => (await readIndex(options, subject)).descriptors,
    add: (subject, descriptor) => options.inTurn(() => addEntry(options, subject, descriptor)),
  };
}

async function addEntry(options: FallbackIndexOptions, subject: Digest, descriptor: Descriptor): Promise<void> {
  const { manifests, location, sleep, random } = options;
  for (let writes = 0; ; writes += 1) {
    const { document, descriptors } = await readIndex(options, subject);
    if (descriptors.some(({ digest }) => digest === descriptor.digest)) return;
    if (writes === MOST_WRITES) throw overwritten(location);
    const entries = [...entriesOf(document), descriptor];
    const after = { ...document, schemaVersion: 2, mediaType: OCI_INDEX_TYPE, manifests: entries };
    await manifests.write(tagOf(subject), Buffer.from(JSON.stringify(after)), OCI_INDEX_TYPE);
    await sleep(SETTLING_MS * (0.5 + random()));
  }
}

type Index = { readonly document: object; readonly descriptors: readonly Descriptor[] };

async function readIndex({ manifests, location }: FallbackIndexOptions, subject: Digest): Promise<Index> {
  const held = await manifests.read(tagOf(subject));
  if (held === null) return { document: {}, descriptors: [] };
  if (held.mediaType !== OCI_INDEX_TYPE) {
    throw new ReleaseError({
      code: "layout_invalid",
      message: `found ${held.mediaType} under the tag ${tagOf(subject)} in ${location}, expected ${OCI_INDEX_TYPE}`,
      hint: "this tag lists what refers to a manifest: delete it, and sign the release again",
    });
  }
  const descriptors = parseOciIndex(held.bytes, `the list of referrers ${tagOf(subject)}`).manifests;
  const document: unknown = JSON.parse(new TextDecoder().decode(held.bytes));
  return { document: typeof document === "object" && document !== null ? document : {}, descriptors };
}

function entriesOf(document: object): readonly unknown[] {
  return "manifests" in document && Array.isArray(document.manifests) ? document.manifests : [];
}

function tagOf(digest: Digest): string {
  return digest.replace(":", "-");
}

function overwritten(location: string): Error {
  return refused({
    message: `found that others overwrote an entry of the list of referrers in ${location} ${MOST_WRITES} times`,
    hint: "let one writer at a time sign this release",
  });
}
