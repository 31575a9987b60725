import type { PlacementView, WhyAnswer } from "@perch/api";
import { formatAge } from "../format-age.ts";

/** No step has such a weight: it is the promotion. In basis points. */
const EVERYBODY = 10_000;

/** Why a session is where it is, for a person: where, by whom, when, by which rule, and what has been seen of it since. */
export function describePlacement(placement: PlacementView, now: number): string {
  const { agent, session, alias, release, arm, gateway, assignedAt, revision, source } = placement;
  const table = revision === null ? "" : `, by table ${revision.epoch}.${revision.sequence}`;
  return [
    `session   ${session} of ${agent}${alias === null ? "" : `, also known as ${alias}`}`,
    `release   ${nameOf(release)}${source === "pin" ? "" : "  (its pin is gone or out of reach: from the turn records)"}`,
    `arm       ${arm}${rolloutOf(placement)}`,
    `why       ${placement.rule}`,
    ...(placement.seed === null ? [] : [`draw      ${drawOf(placement)}`]),
    `pinned    ${momentOf(assignedAt, now)} by gateway ${gateway}${table}`,
    ...expiryOf(placement, now),
    `turns     ${turnsOf(placement, now)}`,
    ...placement.disagreements.map(
      ({ release: other, turns, firstAt, lastAt }) =>
        `WARNING   ${turns} of its turns are recorded at ${nameOf(other)}, from ${iso(firstAt)} to ${iso(lastAt)}`,
    ),
  ].join("\n");
}

/** Where was looked, one line each. */
export function describeAsked(asked: WhyAnswer["asked"]): string {
  const width = Math.max(0, ...asked.map(({ where }) => where.length));
  return asked.map(({ where, outcome }) => `  ${where.padEnd(width)}  ${outcome}`).join("\n");
}

function rolloutOf({ rollout, step, weightBp }: PlacementView): string {
  if (rollout === null) return ", of no rollout";
  const weight = weightBp === null ? "" : ` at ${weightBp / 100} %`;
  if (weightBp === EVERYBODY) return ` of rollout ${rollout}, since its promotion`;
  return ` of rollout ${rollout}${step === null ? "" : `, step ${step + 1}`}${weight}`;
}

function drawOf({ seed, bucket, weightBp }: PlacementView): string {
  return `seed ${JSON.stringify(seed)}, bucket ${bucket ?? "unknown"} of 10000, weight ${weightBp ?? "unknown"} basis points`;
}

function expiryOf({ expiresAt, idleTimeoutMs, source }: PlacementView, now: number): readonly string[] {
  if (source === "records") return [];
  const timeout =
    idleTimeoutMs === null ? "" : `; renewed by its turns, kept ${formatAge(idleTimeoutMs)} after the last`;
  return expiresAt === null ? [] : [`expires   in ${formatAge(expiresAt - now)} unless there is a turn${timeout}`];
}

function turnsOf({ records }: PlacementView, now: number): string {
  if (records === null) return "none is recorded";
  const { turns, lastAt, isEnded, maturedAt, endedBy } = records;
  const end = maturedAt === null ? (isEnded ? ", ended" : "") : `, over (${endedBy === "idle" ? "idle" : "ended"})`;
  return `${turns}, the last ${momentOf(lastAt, now)}${end}`;
}

function nameOf({ digest, version }: PlacementView["release"]): string {
  return version === "" ? digest : `${version}  ${digest}`;
}

function momentOf(at: number, now: number): string {
  return `${iso(at)} (${formatAge(now - at)} ago)`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
