import type { AgentName } from "../routing/ids.ts";
import type { Digest } from "./digest.ts";
import type { Descriptor } from "./oci-manifest.ts";

/** A release as a registry lists it. Unverified: only its digest is certain, once the bytes were checked against it. */
export type ReleaseEntry = { readonly agent: AgentName; readonly version: string; readonly descriptor: Descriptor };

/** Which release of an agent is meant. */
export type ReleaseSelector =
  { readonly kind: "version"; readonly version: string } | { readonly kind: "digest"; readonly digest: Digest };

/** What a descriptor says of bytes, and all that is believed: they have this digest and this size, or they are refused. */
export type ExpectedBytes = { readonly digest: Digest; readonly size: number };

/**
 * The releases of one agent, kept as OCI artifacts. Bytes are kept by their digest and never change. Whatever is read is
 * checked before it is given out: altered bytes, or another size, are `ReleaseError` `digest_mismatch`. A registry that
 * gives no answer is `registry_unreachable`, one that refuses is `registry_refused`.
 */
export interface ReleaseRepository {
  readonly agent: AgentName;
  /** Where it is, as a person would write it; without credentials. */
  readonly location: string;

  hasBlob(digest: Digest): Promise<boolean>;
  /** Null when unknown. */
  readBlob(expected: ExpectedBytes): Promise<Uint8Array | null>;
  /** Keeping the same bytes again changes nothing. */
  writeBlob(bytes: Uint8Array): Promise<Digest>;
  /** Takes a blob over from a repository of the same registry, so that its bytes need not travel. False: it cannot. */
  takeBlob(expected: ExpectedBytes, from: ReleaseRepository): Promise<boolean>;

  /** Null when unknown. */
  readManifest(expected: ExpectedBytes): Promise<Uint8Array | null>;
  /**
   * Makes a release findable; its blobs have to be there before. The same version with the same manifest changes nothing;
   * with another one: `ReleaseError` `version_taken`.
   */
  addRelease(version: string, manifest: Uint8Array): Promise<Descriptor>;
  /** Null when there is no such release. */
  find(selector: ReleaseSelector): Promise<Descriptor | null>;
  /** By precedence of their semantic versions, lowest first. */
  releases(): Promise<readonly ReleaseEntry[]>;

  /** Attaches a manifest to the one that it names as its `subject`. Attaching the same again changes nothing. */
  addReferrer(manifest: Uint8Array): Promise<Descriptor>;
  /** What refers to this manifest, signatures above all. */
  referrers(subject: Digest): Promise<readonly Descriptor[]>;

  /** A name that other tools look a manifest up by, such as cosign's `sha256-….sig`; it may move. Null when unknown. */
  readTag(tag: string): Promise<Descriptor | null>;
  writeTag(tag: string, manifest: Uint8Array): Promise<Descriptor>;
}

/** Keeps the releases of several agents, each in a repository of its own. */
export interface ReleaseRegistry {
  /** Agents that have releases here, by name. `ReleaseError` `registry_refused` where a registry does not tell. */
  agents(): Promise<readonly AgentName[]>;
  /** An agent without releases has an empty one. */
  repository(agent: AgentName): ReleaseRepository;
}
