import type { Digest } from "../release/digest.ts";
import type { Arm } from "./assign.ts";
import type { AgentName, GatewayId, RolloutId, SessionId } from "./ids.ts";
import type { Revision } from "./routing-table.ts";

/** Session → release, written once on first contact; with the reasons, so that `perch why` can tell them. */
export type Pin = {
  readonly agent: AgentName;
  readonly session: SessionId;
  readonly release: Digest;
  readonly arm: Arm;
  readonly rollout: RolloutId | null;
  readonly step: number | null;
  readonly weightBp: number | null;
  /** Null when no rollout was under way, so that nothing was drawn. */
  readonly bucket: number | null;
  readonly seed: string | null;
  readonly revision: Revision;
  /** Who wrote it. */
  readonly gateway: GatewayId;
  readonly assignedAt: number;
};

/** The first claim wins. Every later claim gets that same pin back and renews it for `ttlMs`. Expired pins are free. */
export interface PinStore {
  claim(pin: Pin, ttlMs: number): Promise<Pin>;
  /** The live pin, not renewed; null when unknown or expired. */
  find(agent: AgentName, session: SessionId): Promise<Pin | null>;
  /** Live pins of a release. */
  countLive(agent: AgentName, release: Digest): Promise<number>;
  /** Deletes at most `limit` expired pins and says how many: they are free anyway, this gives their space back. */
  forgetExpired(limit: number): Promise<number>;
  close(): Promise<void>;
}
