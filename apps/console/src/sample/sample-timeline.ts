import type { RolloutView } from "@perch/api";
import type { Situation } from "./situation.ts";

type Timeline = RolloutView["timeline"];
type Times = { readonly startedAt: number; readonly decidedAt: number };

/** How a rollout came into this situation. */
export function sampleTimeline(situation: Exclude<Situation, "empty">, { startedAt, decidedAt }: Times): Timeline {
  const started: Timeline = [
    moment(startedAt, "Pending", [0, "rollout applied", "demo"]),
    moment(startedAt + 120, "Preparing", [0, "signatures verified, both releases deployed"]),
    moment(startedAt + 700, "Shifting", [500, "goes to 5 %"]),
    moment(startedAt + 741, "Baking", [500, "all 3 gateways assign by revision 1.7"]),
  ];
  const decided = moment(decidedAt, "RollingBack", [0, "back to 2.3.0: escalation-rate rejected at 1:480", "gates"]);
  const ends: Record<Exclude<Situation, "empty">, Timeline> = {
    ramping: [],
    paused: [moment(startedAt + 60_000, "Paused", [500, "looking at the transcripts first", "console"])],
    aborted: [moment(decidedAt, "Aborted", [0, "wrong release, a newer one follows", "console"])],
    rollingBack: [decided],
    rolledBack: [decided, moment(decidedAt + 41, "RolledBack", [0, "acknowledged by 2 gateways, 1 fenced"])],
    promoted: [
      moment(startedAt + 60_000, "Shifting", [2_500, "the gates accept the step: goes on to 25 %"]),
      moment(startedAt + 110_000, "Shifting", [5_000, "the gates accept the step: goes on to 50 %"]),
      moment(startedAt + 150_000, "Shifting", [10_000, "the gates accept the step: goes on to 100 %"]),
      moment(decidedAt, "Promoting", [10_000, "the gates accept the last step", "gates"]),
      moment(decidedAt + 41, "Succeeded", [10_000, "2.3.1 is the current release"]),
    ],
  };
  return [...started, ...ends[situation]];
}

function moment(
  at: number,
  phase: Timeline[number]["phase"],
  [weightBp, text, actor = "controller"]: readonly [number, string, string?],
): Timeline[number] {
  return { at, phase, weightBp, text, actor };
}
