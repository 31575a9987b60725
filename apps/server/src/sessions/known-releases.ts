import {
  type ArgumentSchemas,
  type Digest,
  type ReleaseFacts,
  type ReleaseFactsSource,
  type ReleaseReference,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";

export type ArgumentsCheck = { readonly schema: Digest; readonly accepts: (value: unknown) => boolean };

/** What is known of the releases that run somewhere. It is read once each; what cannot be read is tried again. */
export interface KnownReleases {
  /** Reads what is missing. Never throws, and never reads the same twice at once. */
  learn(): Promise<void>;
  /** Null while it could not be read. */
  factsOf(release: Digest): ReleaseFacts | null;
  /** One for each different schema that a known release has for a tool of this name. */
  checksOf(tool: string): readonly ArgumentsCheck[];
}

export type KnownReleasesDeps = {
  readonly facts: ReleaseFactsSource;
  readonly schemas: ArgumentSchemas;
  readonly releases: () => readonly (ReleaseReference & { readonly kind: "digest" })[];
  /** A clock that never jumps, ms. */
  readonly tick: () => number;
  readonly log: Log;
};

const TRY_AGAIN_AFTER_MS = 30_000;
// An agent with a schema of its own for every release would make every call of the tool dearer and dearer.
const MOST_SCHEMAS_A_TOOL = 16;

export function createKnownReleases({ facts, schemas, releases, tick, log }: KnownReleasesDeps): KnownReleases {
  const known = new Map<Digest, ReleaseFacts>();
  const notBefore = new Map<Digest, number>();
  const checks = new Map<string, readonly ArgumentsCheck[]>();
  let learning: Promise<void> | null = null;

  async function learnOne(reference: ReleaseReference & { readonly kind: "digest" }): Promise<void> {
    notBefore.set(reference.digest, tick() + TRY_AGAIN_AFTER_MS);
    try {
      const read = await facts.read(reference);
      known.set(reference.digest, read);
      for (const tool of read.tools) addCheck(tool);
    } catch (error) {
      log.warn("cannot read a release's model and tools now; its arguments are not checked until then", {
        agent: reference.agent,
        release: reference.digest,
        reason: reasonOf(error),
      });
    }
  }

  function addCheck({ name, parameters, parametersDigest: schema }: ReleaseFacts["tools"][number]): void {
    const own = checks.get(name) ?? [];
    if (own.some((check) => check.schema === schema)) return;
    const accepts = schemas.prepare(parameters);
    if (accepts !== null) checks.set(name, [...own, { schema, accepts }].slice(-MOST_SCHEMAS_A_TOOL));
  }

  async function learnAll(): Promise<void> {
    for (const reference of releases()) {
      const isDue = tick() >= (notBefore.get(reference.digest) ?? 0);
      if (!known.has(reference.digest) && isDue) await learnOne(reference);
    }
  }

  return {
    learn() {
      learning ??= learnAll().finally(() => {
        learning = null;
      });
      return learning;
    },
    factsOf: (release) => known.get(release) ?? null,
    checksOf: (tool) => checks.get(tool) ?? [],
  };
}
