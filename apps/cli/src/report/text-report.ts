import type { GateView, ReportView } from "@perch/api";
import { describeRollout } from "../rollout/describe-rollout.ts";
import { count, moment } from "./format.ts";

const CALLS_SHOWN = 20;

/** The report for a terminal: where it stands, what happened, what it cost, and who had a say. */
export function textReport(report: ReportView): string {
  return [
    describeRollout(report.rollout),
    "",
    ...report.rollout.timeline.map(
      ({ at, phase, weightBp, text, actor }) =>
        `${moment(at)}  ${phase.padEnd(12)} ${`${weightBp / 100} %`.padStart(7)}  ${text} (${actor})`,
    ),
    "",
    `exposed       ${report.rollout.canarySessionsExposed} canary sessions`,
    ...report.excess.map(({ gate, sessions, bad }) => `excess        ${gate}: ${count(bad)} bad of ${sessions} judged`),
    ...report.rollout.gates.flatMap(({ findings }) => findings.map(differenceLine)),
    ...outlookLine(report),
    ...blastLines(report),
    ...report.decided.map(
      ({ at, actor, did, why }) => `decided       ${moment(at)}  ${actor}: ${did}${why === "" ? "" : `, ${why}`}`,
    ),
    `ledger        ${report.ledger.entries} entries, last ${report.ledger.sequence} ${report.ledger.hash.slice(0, 12)}…`,
  ].join("\n");
}

function differenceLine({ sentence, isEstablished }: GateView["findings"][number]): string {
  return `differs       ${sentence}${isEstablished ? "" : " (may be chance)"}`;
}

function outlookLine({ outlook }: ReportView): readonly string[] {
  const { worstHarm, nextWeightBp, horizonWindows } = outlook;
  if (worstHarm === null || nextWeightBp === null) return [];
  return [
    `may come      at most about ${count(worstHarm)} bad sessions in ${horizonWindows} windows at ${nextWeightBp / 100} %`,
  ];
}

function blastLines({ blastRadius }: ReportView): readonly string[] {
  const { tools, calls, unknownBecause, isCut } = blastRadius;
  if (unknownBecause !== "") return [`blast radius  not known: ${unknownBecause}`];
  if (tools.length === 0) return ["blast radius  none: the canary declares no tool that writes"];
  const shown = calls.slice(0, CALLS_SHOWN);
  return [
    ...tools.map(
      ({ tool, cancel, calls: made, failed, sessions }) =>
        `blast radius  ${tool}: ${made} calls (${failed} failed) of ${sessions} sessions; taken back by ${cancel ?? "nothing that is declared"}`,
    ),
    ...shown.map(
      ({ at, session, tool, idempotencyKey, argumentsDigest, callId }) =>
        `  ${moment(at)}  ${session}  ${tool}  key ${idempotencyKey ?? "–"}  call ${callId ?? "–"}  arguments ${argumentsDigest ?? "not told"}`,
    ),
    ...(isCut || calls.length > shown.length ? ["  … --json lists more"] : []),
  ];
}
