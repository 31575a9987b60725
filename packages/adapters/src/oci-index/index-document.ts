import { OCI_MANIFEST_TYPE, parseOciIndex, type Descriptor } from "@perch/domain";

/** An OCI image index. A change replaces `manifests` only, so that whatever other tools wrote into it stays as it is. */
export type IndexDocument = {
  /** The parsed JSON, `manifests` included. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Its manifests as Perch reads them, in the same order. */
  readonly entries: readonly Descriptor[];
};

export const OCI_INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
/** Names the manifest that an entry refers to, so that finding signatures need not open every manifest. */
export const SUBJECT = "dev.perch.subject";
/** The name under which skopeo and oras find a manifest. */
export const TAG = "org.opencontainers.image.ref.name";

export const EMPTY_INDEX: IndexDocument = {
  json: { schemaVersion: 2, mediaType: OCI_INDEX_TYPE, manifests: [] },
  entries: [],
};

/** Throws `ReleaseError` `layout_invalid`. */
export function parseIndexDocument(bytes: Uint8Array): IndexDocument {
  const { manifests } = parseOciIndex(bytes);
  return { json: JSON.parse(new TextDecoder().decode(bytes)) as IndexDocument["json"], entries: manifests };
}

/** What was read has a bounded depth and no number that would be written as another one. */
export function indexBytes(index: IndexDocument): Uint8Array {
  return Buffer.from(`${JSON.stringify(index.json, null, 2)}\n`);
}

/** The very same index when it has an entry for this manifest. */
export function withEntry(index: IndexDocument, descriptor: Descriptor): IndexDocument {
  if (index.entries.some(({ digest }) => digest === descriptor.digest)) return index;
  return changed(index, { keep: () => true, add: descriptor });
}

/** Takes the tag from whatever has it. The very same index when this manifest has it. */
export function withTag(index: IndexDocument, tag: string, descriptor: Descriptor): IndexDocument {
  const holders = index.entries.filter((entry) => entry.annotations?.[TAG] === tag);
  if (holders.length === 1 && holders[0]?.digest === descriptor.digest) return index;
  return changed(index, { keep: (entry) => !holders.includes(entry), add: descriptor });
}

export function descriptorOf(manifest: Uint8Array, digest: Descriptor["digest"]): Descriptor {
  return { mediaType: OCI_MANIFEST_TYPE, digest, size: manifest.length };
}

function changed(
  { json, entries }: IndexDocument,
  { keep, add }: { readonly keep: (entry: Descriptor) => boolean; readonly add: Descriptor },
): IndexDocument {
  const manifests: readonly unknown[] = Array.isArray(json["manifests"]) ? json["manifests"] : [];
  const kept = entries.map(keep);
  return {
    json: { ...json, manifests: [...manifests.filter((_, position) => kept[position]), add] },
    entries: [...entries.filter(keep), add],
  };
}
