import type { Claim } from "./history.ts";

type Payload = [
  expiresAt: number,
  release: string,
  arm: string,
  rollout: string | null,
  step: number | null,
  weightBp: number | null,
  bucket: number | null,
  epoch: number,
  sequence: number,
  gateway: string,
  assignedAt: number,
  override: string | null,
];

/** What any client can read of its signed pin, `KIND.PAYLOAD.MAC`. */
export function readClaim(text: string): Claim {
  const [, release, arm, rollout, step, weightBp, bucket, epoch, sequence, gateway, assignedAt] = parsePayload(text);
  return { release, arm, rollout, step, weightBp, bucket, revision: `${epoch}.${sequence}`, gateway, assignedAt };
}

function parsePayload(text: string): Payload {
  return JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as Payload;
}
