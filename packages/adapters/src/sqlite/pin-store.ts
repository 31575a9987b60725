import type { DatabaseSync } from "node:sqlite";
import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseRolloutId,
  parseSessionId,
  type Pin,
  type PinStore,
} from "@perch/domain";
import { z } from "zod";

const WRITTEN_ONCE = [
  "release",
  "arm",
  "rollout",
  "step",
  "weight_bp",
  "bucket",
  "seed",
  "epoch",
  "sequence",
  "gateway",
  "assigned_at",
] as const;
const COLUMNS = ["agent", "session", ...WRITTEN_ONCE];

// One statement: with a separate read and write, two gateway processes could both win. ?15 is now, ?14 the new expiry;
// in the update every name on the right means the row as it was.
const CLAIM = `
  INSERT INTO pin (${COLUMNS.join(", ")}, expires_at) VALUES (${COLUMNS.map((_, index) => `?${index + 1}`).join(", ")}, ?14)
  ON CONFLICT (agent, session) DO UPDATE SET
    ${WRITTEN_ONCE.map((name) => `${name} = iif(pin.expires_at > ?15, pin.${name}, excluded.${name})`).join(",\n    ")},
    expires_at = excluded.expires_at
  RETURNING ${COLUMNS.join(", ")}`;
const FIND = `SELECT ${COLUMNS.join(", ")} FROM pin WHERE agent = ? AND session = ? AND expires_at > ?`;
const COUNT_LIVE = "SELECT count(*) AS live FROM pin WHERE agent = ? AND release = ? AND expires_at > ?";
const FORGET_EXPIRED = `
  DELETE FROM pin WHERE (agent, session) IN (SELECT agent, session FROM pin WHERE expires_at <= ? LIMIT ?)`;

/** Pins in a database of `openGatewayDatabase`; closes it when closed. */
export function createSqlitePinStore(database: DatabaseSync, now: () => number): PinStore {
  const claim = database.prepare(CLAIM);
  const find = database.prepare(FIND);
  const countLive = database.prepare(COUNT_LIVE);
  const forgetExpired = database.prepare(FORGET_EXPIRED);
  return {
    async claim(pin, ttlMs) {
      const at = now();
      return parsePin(claim.get(...valuesOf(pin), at + ttlMs, at));
    },
    async find(agent, session) {
      const row = find.get(agent, session, now());
      return row === undefined ? null : parsePin(row);
    },
    async countLive(agent, release) {
      return Number(countLive.get(agent, release, now())?.["live"] ?? 0);
    },
    async forgetExpired(limit) {
      return Number(forgetExpired.run(now(), limit).changes);
    },
    async close() {
      if (database.isOpen) database.close();
    },
  };
}

function valuesOf(pin: Pin): (string | number | null)[] {
  return [
    pin.agent,
    pin.session,
    pin.release,
    pin.arm,
    pin.rollout,
    pin.step,
    pin.weightBp,
    pin.bucket,
    pin.seed,
    pin.revision.epoch,
    pin.revision.sequence,
    pin.gateway,
    pin.assignedAt,
  ];
}

const rowSchema = z.object({
  agent: z.string(),
  session: z.string(),
  release: z.string(),
  arm: z.enum(["baseline", "canary"]),
  rollout: z.string().nullable(),
  step: z.number().nullable(),
  weight_bp: z.number().nullable(),
  bucket: z.number().nullable(),
  seed: z.string().nullable(),
  epoch: z.number(),
  sequence: z.number(),
  gateway: z.string(),
  assigned_at: z.number(),
});

function parsePin(row: unknown): Pin {
  const pin = rowSchema.parse(row);
  return {
    agent: parseAgentName(pin.agent),
    session: parseSessionId(pin.session),
    release: parseDigest(pin.release),
    arm: pin.arm,
    rollout: pin.rollout === null ? null : parseRolloutId(pin.rollout),
    step: pin.step,
    weightBp: pin.weight_bp,
    bucket: pin.bucket,
    seed: pin.seed,
    revision: { epoch: pin.epoch, sequence: pin.sequence },
    gateway: parseGatewayId(pin.gateway),
    assignedAt: pin.assigned_at,
  };
}
