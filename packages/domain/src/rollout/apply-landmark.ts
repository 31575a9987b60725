import type { LandmarkReading } from "../gate/block.ts";
import { applyBlock, heed } from "./apply-block.ts";
import type { JudgementSummary, Rollout, RolloutEvent } from "./rollout.ts";

/** What a gate has read of its sessions at its age. */
export type LandmarkProgress = {
  /** By step: every session up to this sequence has been read. */
  readonly through: Readonly<Record<number, number>>;
  readonly canarySessions: number;
};

type Judged = Extract<RolloutEvent, { judgement: unknown }>;
export type LandmarkJudged = {
  readonly type: "landmarkJudged";
  readonly at: number;
  readonly reading: LandmarkReading;
  readonly judgement: JudgementSummary;
};

export function isJudged(event: RolloutEvent): event is Judged {
  return event.type === "blockJudged" || event.type === "landmarkJudged";
}

/** Sessions were read, with their block or at a gate's age. */
export function applyJudged(rollout: Rollout, event: Judged): Rollout {
  return event.type === "blockJudged" ? applyBlock(rollout, event) : applyLandmark(rollout, event);
}

const NOTHING_READ: LandmarkProgress = { through: {}, canarySessions: 0 };

/** Each of a gate's readings counts once, and changes what a judged block changes. */
function applyLandmark(rollout: Rollout, event: LandmarkJudged): Rollout {
  const { gate, step, throughSequence, counts } = event.reading;
  const { through, canarySessions } = rollout.landmarks[gate] ?? NOTHING_READ;
  if (throughSequence <= (through[step] ?? 0)) return rollout;
  const read: LandmarkProgress = {
    through: { ...through, [step]: throughSequence },
    canarySessions: canarySessions + counts.canarySessions,
  };
  const landmarks = { ...rollout.landmarks, [gate]: read };
  return heed({ ...rollout, landmarks, judgement: event.judgement }, { ...event, step });
}
