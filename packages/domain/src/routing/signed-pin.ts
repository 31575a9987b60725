import { z } from "zod";
import { parseDigest } from "../release/digest.ts";
import { parseGatewayId, parseMoveId, parseRolloutId, type AgentName, type SessionId } from "./ids.ts";
import type { PinMove } from "./move.ts";
import type { Pin } from "./pin-store.ts";
import type { PinSecrets } from "./pin-secrets.ts";
import { openSeal, seal } from "./seal.ts";
import { targetingSchema } from "./targeting.ts";

/** What a pin presented by a client turned out to be. */
export type SignedPinReading =
  | { readonly kind: "valid"; readonly pin: Pin; readonly expiresAt: number }
  | { readonly kind: "expired" }
  /** Forged, damaged, of another agent or session, or signed with a secret that is not known here. */
  | { readonly kind: "foreign" };

/** A pin for its client to keep, bound to its agent and session. The seed stays with us: it decides who meets a canary. */
export function signPin(pin: Pin, expiresAt: number, secrets: PinSecrets): string {
  const payload = JSON.stringify(payloadOf(pin, expiresAt));
  return seal("pin1", { payload, context: contextOf(pin) }, secrets);
}

function payloadOf(pin: Pin, expiresAt: number): z.input<typeof payloadSchema> {
  const assigned = [
    expiresAt,
    pin.release,
    pin.arm,
    pin.rollout,
    pin.step,
    pin.weightBp,
    pin.bucket,
    pin.revision.epoch,
    pin.revision.sequence,
    pin.gateway,
    pin.assignedAt,
    pin.override,
  ] as const;
  // Left out where there is none: gateways before these fields read pins without them.
  if (pin.moved !== null) return [...assigned, pin.targeting, formatMove(pin.moved)];
  return pin.targeting === null ? [...assigned] : [...assigned, pin.targeting];
}

export type PresentedPin = {
  readonly text: string;
  readonly agent: AgentName;
  readonly session: SessionId;
  readonly now: number;
};

export function readSignedPin(presented: PresentedPin, secrets: PinSecrets): SignedPinReading {
  const { text, agent, session, now } = presented;
  const payload = openSeal("pin1", { text, context: contextOf(presented) }, secrets);
  if (payload === null) return { kind: "foreign" };
  const [expiresAt, release, arm, rollout, step, weightBp, bucket, epoch, sequence, gateway, assignedAt, ...rest] =
    parsePayload(payload);
  const [override, targeting, moved] = rest;
  if (expiresAt <= now) return { kind: "expired" };
  const pin: Pin = {
    agent,
    session,
    release: parseDigest(release),
    arm,
    rollout: rollout === null ? null : parseRolloutId(rollout),
    step,
    weightBp,
    bucket,
    seed: null,
    revision: { epoch, sequence },
    gateway: parseGatewayId(gateway),
    assignedAt,
    override,
    // Only the store says what is mirrored: a session that lost it there has a hole, and its pair counts as incomplete.
    shadow: null,
    targeting: targeting ?? null,
    moved: moved === undefined ? null : parseMove(moved),
  };
  return { kind: "valid", pin, expiresAt };
}

const number = z.number().nullable();
const moveSchema = z.tuple([
  z.string(),
  z.enum(["migrate", "evict", "autoUpgrade"]),
  z.enum(["agent", "idle", "none"]),
  z.string(),
  z.string().nullable(),
  z.number(),
  z.number(),
]);
const payloadSchema = z.tuple([
  z.number(),
  z.string(),
  z.enum(["baseline", "canary"]),
  z.string().nullable(),
  number,
  number,
  number,
  z.number(),
  z.number(),
  z.string(),
  z.number(),
  z.string().nullable(),
  // Left out where there is none, as in every pin of older versions.
  targetingSchema.nullable().optional(),
  moveSchema.optional(),
]);

/** We sealed it ourselves: whatever is wrong with it is a fault of ours. */
function parsePayload(payload: string): z.infer<typeof payloadSchema> {
  return payloadSchema.parse(JSON.parse(payload));
}

function formatMove({ move, mode, boundary, from, rollout, at, times }: PinMove): z.input<typeof moveSchema> {
  return [move, mode, boundary, from, rollout, at, times];
}

function parseMove([move, mode, boundary, from, rollout, at, times]: z.infer<typeof moveSchema>): PinMove {
  const before = rollout === null ? null : parseRolloutId(rollout);
  return { move: parseMoveId(move), mode, boundary, from: parseDigest(from), rollout: before, at, times };
}

function contextOf({ agent, session }: { agent: AgentName; session: SessionId }): string {
  return `${agent}\0${session}`;
}
