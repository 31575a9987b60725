import type { AgentName } from "../routing/ids.ts";
import { matchesPattern } from "./matches-pattern.ts";

type Window = {
  /** Epoch milliseconds; null is open. */
  readonly since: number | null;
  readonly until: number | null;
};

/** Whose signature a rule counts. */
export type TrustedSigner = Window &
  (
    | { readonly kind: "key"; readonly name: string; readonly keyId: string }
    | { readonly kind: "identity"; readonly issuer: string; readonly subject: string }
  );

export type TrustRule = {
  readonly agents: readonly string[];
  readonly required: number;
  readonly signers: readonly TrustedSigner[];
};

/** Whose signatures admit which agent's releases, with every key read. */
export type TrustPolicy = { readonly rules: readonly TrustRule[] };

/** A signature whose cryptography was found good. Who made it says nothing yet about whether that person may. */
export type GoodSignature =
  /** A bare key proves no time. `keyId` is the SHA-256 of the public key in DER, in hex. */
  | { readonly kind: "key"; readonly keyId: string }
  /** An identity proves when it signed: every trusted time (log, timestamp authority) that the signature carries. */
  | {
      readonly kind: "identity";
      readonly issuer: string;
      readonly subject: string;
      readonly signedAt: readonly number[];
    };

export type TrustVerdict =
  | { readonly kind: "accepted"; readonly signedBy: readonly string[] }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

export type SignatureVerdict =
  { readonly kind: "counts"; readonly signer: TrustedSigner } | { readonly kind: "ignored"; readonly reason: string };

/**
 * Accepted when enough distinct signers of the agent's rule signed; else refused with every reason. The rule that names
 * the agent applies, and the one for "*" where none does; an agent without a rule is refused.
 */
export function judgeTrust(
  policy: TrustPolicy,
  signatures: readonly GoodSignature[],
  { agent, now }: { readonly agent: AgentName; readonly now: number },
): TrustVerdict {
  const rule = ruleFor(policy, agent);
  if (rule === null) return { kind: "refused", reasons: [noRule(agent)] };
  const verdicts = signatures.map((signature) => judgeSignature(policy, signature, { agent, now }));
  const counted = new Map<string, TrustedSigner>();
  for (const verdict of verdicts) {
    if (verdict.kind === "counts") counted.set(identityOf(verdict.signer), verdict.signer);
  }
  const signedBy = [...counted.values()].map(nameOf);
  if (counted.size >= rule.required) return { kind: "accepted", signedBy };
  const found = `${counted.size} of ${rule.required} required signers${signedBy.length === 0 ? "" : ` (${signedBy.join(", ")})`}`;
  return {
    kind: "refused",
    reasons: [
      `found ${found}, expected ${rule.required} of ${rule.signers.map(nameOf).join(", ")}`,
      ...verdicts.flatMap((verdict) => (verdict.kind === "ignored" ? [verdict.reason] : [])),
    ],
  };
}

/** Whether this signature counts for the agent's releases. It counts for the first signer of the rule that it fits. */
export function judgeSignature(
  policy: TrustPolicy,
  signature: GoodSignature,
  { agent, now }: { readonly agent: AgentName; readonly now: number },
): SignatureVerdict {
  const rule = ruleFor(policy, agent);
  if (rule === null) return { kind: "ignored", reason: noRule(agent) };
  const mine = rule.signers.filter((signer) => isBy(signature, signer));
  const times = signature.kind === "key" ? [now] : signature.signedAt;
  const inTime = mine.find((signer) => times.length > 0 && times.every((time) => isWithin(time, signer)));
  if (inTime !== undefined) return { kind: "counts", signer: inTime };
  const [late] = mine;
  const reason =
    late === undefined
      ? `${describeSignature(signature)} is no signer of ${agent}`
      : `${nameOf(late)} counts ${windowText(late)}, and ${timesText(signature, now)}`;
  return { kind: "ignored", reason };
}

/** Who made a signature, as a person reads it. */
export function describeSignature(signature: GoodSignature): string {
  if (signature.kind === "key") return `key ${shortKeyId(signature.keyId)}`;
  return `${signature.subject} (${signature.issuer})`;
}

/** The first 16 hex digits: short enough to compare by eye. Decisions use the whole. */
export function shortKeyId(keyId: string): string {
  return keyId.slice(0, 16);
}

function ruleFor({ rules }: TrustPolicy, agent: AgentName): TrustRule | null {
  const named = (name: string): TrustRule | undefined => rules.find(({ agents }) => agents.includes(name));
  return named(agent) ?? named("*") ?? null;
}

function isBy(signature: GoodSignature, signer: TrustedSigner): boolean {
  if (signature.kind === "key") return signer.kind === "key" && signer.keyId === signature.keyId;
  return (
    signer.kind === "identity" &&
    signer.issuer === signature.issuer &&
    matchesPattern(signer.subject, signature.subject)
  );
}

function isWithin(time: number, { since, until }: Window): boolean {
  return time >= (since ?? -Infinity) && time < (until ?? Infinity);
}

// The same key or identity listed twice is one signer.
function identityOf(signer: TrustedSigner): string {
  return signer.kind === "key" ? `key ${signer.keyId}` : `identity ${JSON.stringify([signer.issuer, signer.subject])}`;
}

function nameOf(signer: TrustedSigner): string {
  if (signer.kind === "identity") return `${signer.subject} (${signer.issuer})`;
  const short = shortKeyId(signer.keyId);
  return signer.name === "" ? short : `${signer.name} (${short})`;
}

function noRule(agent: AgentName): string {
  return `found no rule for ${agent}, expected one that names it or "*"`;
}

function windowText({ since, until }: Window): string {
  const from = since === null ? "" : `from ${iso(since)}`;
  const to = until === null ? "" : `before ${iso(until)}`;
  return [from, to].filter((text) => text !== "").join(" and ");
}

function timesText(signature: GoodSignature, now: number): string {
  if (signature.kind === "key") return `it is ${iso(now)} here`;
  return signature.signedAt.length === 0
    ? "it proves no time"
    : `it signed at ${signature.signedAt.map(iso).join(", ")}`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
