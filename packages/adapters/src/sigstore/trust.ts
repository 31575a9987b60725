import type { TrustPolicy, TrustedSigner } from "@perch/domain";
import type { TrustedKey } from "./key.ts";
import type { TrustedRoot } from "./trusted-root.ts";

/** Whose signatures count, with what it takes to verify them. */
export type Trust = {
  /** Where it was read, for messages. */
  readonly origin: string;
  readonly policy: TrustPolicy;
  readonly keys: readonly TrustedKey[];
  readonly root: TrustedRoot | null;
};

/** Each of these keys may sign every agent. */
export function trustKeys(keys: readonly TrustedKey[], origin: string): Trust {
  const signers = keys.map(({ keyId }): TrustedSigner => ({ kind: "key", name: "", keyId, since: null, until: null }));
  return { origin, policy: { rules: [{ agents: ["*"], required: 1, signers }] }, keys, root: null };
}

/** For looking at a release where nothing is trusted. */
export function trustNobody(origin: string): Trust {
  return { origin, policy: { rules: [] }, keys: [], root: null };
}
