import {
  activeRollout,
  canaryWeightBp,
  currentRelease,
  DEFAULT_BOUNDARY,
  isQuarantined,
  parseMoveId,
  parseReleaseName,
  parseSessionId,
  type AgentRecord,
  type Digest,
  type MoveOrder,
  type ReleaseRecord,
} from "@perch/domain";
import type { z } from "zod";
import type { moveRequestSchema } from "@perch/api";
import { ApiError } from "../api/api-error.ts";
import { resolveRelease } from "../api/resolve-release.ts";
import type { Book } from "../controller/book.ts";

export type ParsedMoveRequest = z.output<typeof moveRequestSchema>;

/** What a person asks for, checked against what is known now. Throws `ApiError`. */
export function orderOf(record: AgentRecord, request: ParsedMoveRequest, book: Book): MoveOrder {
  const [from, to] = [releaseOf(record, request.from, book), releaseOf(record, request.to, book)];
  const session = request.session === null ? null : parseSessionId(request.session);
  if (from.digest === to.digest) throw notPossible(`found ${from.version} as both releases`, "name two releases");
  refuseUnreachable(record, to);
  if (isQuarantined(to.digest, book.rollouts())) {
    throw notPossible(
      `${to.version} is quarantined: a guardrail rolled it back`,
      "move sessions to a release that nothing speaks against",
    );
  }
  if (session === null) refuseAssigned(record, from, book);
  const boundary = request.boundary ?? DEFAULT_BOUNDARY;
  if (!boundary.header && boundary.idleMs === null && request.mode === "migrate") {
    throw notPossible("found a boundary that is never reached", "allow the agent's header, an idle time, or both");
  }
  const { mode } = request;
  return { id: nextId(record), from: from.digest, to: to.digest, session, mode, boundary, rollout: null };
}

function nextId({ agent, moves }: AgentRecord) {
  for (let count = 1; ; count += 1) {
    const id = parseMoveId(`${agent}.move-${count}`);
    if (moves.every((move) => move.id !== id)) return id;
  }
}

function releaseOf(record: AgentRecord, name: string, book: Book): ReleaseRecord {
  const reference = resolveRelease(parseReleaseName(fullName(record, name)), book);
  const known = record.releases.find((release) =>
    reference.kind === "digest" ? release.digest === reference.digest : release.version === reference.version,
  );
  if (reference.agent === record.agent && known !== undefined) return known;
  throw new ApiError({
    status: 404,
    code: "release_not_of_agent",
    message: `found ${JSON.stringify(name)}, expected a release of ${record.agent} that was admitted: ${versions(record)}`,
    hint: `\`perch release list ${record.agent} --history\` shows them`,
  });
}

/** The agent may be left out; a pointer is a word, a version begins with a digit, a digest has a colon. */
function fullName({ agent }: AgentRecord, name: string): string {
  if (name.includes("@") || /^[a-z][a-z0-9-]*:/.test(name.replace(/^sha256:/, ""))) return name;
  return /^[a-z][a-z0-9-]*$/.test(name) ? `${agent}:${name}` : `${agent}@${name}`;
}

function versions({ releases }: AgentRecord): string {
  return releases.map(({ version }) => version).join(", ");
}

function refuseUnreachable({ agent, deployments }: AgentRecord, { digest, version }: ReleaseRecord): void {
  if (deployments.some(({ release }) => release === digest)) return;
  throw notPossible(`${agent}@${version} has no deployment`, `run \`perch deploy ${agent}@${version}\` first`);
}

/** Sessions would be moved away at one end and assigned at the other, and it would never end. */
function refuseAssigned(record: AgentRecord, { digest, version }: ReleaseRecord, book: Book): void {
  const active = activeRollout(record, book.rollouts());
  const isCanary = active !== null && active.canary.digest === digest && canaryWeightBp(active) > 0;
  if (!isAssigned(digest, record, book) && !isCanary) return;
  throw notPossible(
    `new sessions are still assigned to ${record.agent}@${version}`,
    "roll the canary back or promote another release first; a single session can be moved with --session",
  );
}

function isAssigned(digest: Digest, record: AgentRecord, book: Book): boolean {
  return currentRelease(record, book.rollouts()) === digest;
}

function notPossible(message: string, hint: string): ApiError {
  return new ApiError({ status: 409, code: "not_possible_now", message, hint });
}
