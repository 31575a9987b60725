import {
  turnBatchSchema,
  type MoveRecordMessage,
  type ShadowTurnMessage,
  type TurnBatch,
  type TurnMessage,
} from "@perch/api";
import {
  parseAgentName,
  parseDigest,
  parseGatewayId,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  RoutingError,
  ReleaseError,
  type GatewayRecord,
  type MoveRecord,
  type ShadowTurn,
  type TurnRecord,
} from "@perch/domain";
import type { z } from "zod";

/** Either everything in the batch, or everything that is wrong with it. */
export type Batch<T> =
  | { readonly kind: "valid"; readonly items: readonly T[] }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

const MAX_PROBLEMS = 100;

export function parseTurnBatch(body: unknown): Batch<GatewayRecord> {
  const parsed = turnBatchSchema.safeParse(body);
  if (!parsed.success) return { kind: "invalid", problems: problemsOf(parsed.error) };
  return collectItems(parsed.data.turns, (record, index, check) =>
    toRecord(record, (field, parse, text) => check(`turns[${index}].${field}`, parse, text)),
  );
}

function toRecord(record: TurnBatch["turns"][number], check: Check): GatewayRecord | null {
  switch (record.kind) {
    case "move":
      return toMoveRecord(record, check);
    case "shadow":
      return toShadowTurn(record, check);
    case "assignment":
    case "turn":
    case "sessionEnd":
      return toTurnRecord(record, check);
  }
}

export type Check = <T>(place: string, parse: (text: string) => T, text: string) => T | null;

export function collectItems<In, Out>(
  inputs: readonly In[],
  convert: (input: In, index: number, check: Check) => Out | null,
): Batch<Out> {
  const problems: string[] = [];
  const check: Check = (place, parse, text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RoutingError) && !(error instanceof ReleaseError)) throw error;
      problems.push(`${place}: ${error.message}`);
      return null;
    }
  };
  const items = inputs.flatMap((input, index) => convert(input, index, check) ?? []);
  if (problems.length === 0) return { kind: "valid", items };
  return { kind: "invalid", problems: problems.slice(0, MAX_PROBLEMS) };
}

function toTurnRecord(turn: TurnMessage, check: Check): TurnRecord | null {
  const names = namesOf(turn, check);
  const release = check("release", parseDigest, turn.release);
  const rollout = turn.rollout === null ? null : check("rollout", parseRolloutId, turn.rollout);
  return names === null || release === null ? null : { ...turn, ...names, release, rollout };
}

function toShadowTurn(turn: ShadowTurnMessage, check: Check): ShadowTurn | null {
  const names = namesOf(turn, check);
  const release = check("release", parseDigest, turn.release);
  const rollout = check("rollout", parseRolloutId, turn.rollout);
  return names === null || release === null || rollout === null ? null : { ...turn, ...names, release, rollout };
}

function toMoveRecord(record: MoveRecordMessage, check: Check): MoveRecord | null {
  const names = namesOf(record, check);
  const from = check("from", parseDigest, record.from);
  const to = check("to", parseDigest, record.to);
  const move = check("move", parseMoveId, record.move);
  const rollout = record.rollout === null ? null : check("rollout", parseRolloutId, record.rollout);
  if (names === null || from === null || to === null || move === null) return null;
  return { ...record, ...names, from, to, move, rollout };
}

type Names = Pick<GatewayRecord, "gateway" | "agent" | "session">;

/** Where every record of a gateway belongs. */
function namesOf(record: Readonly<Record<keyof Names, string>>, check: Check): Names | null {
  const gateway = check("gateway", parseGatewayId, record.gateway);
  const agent = check("agent", parseAgentName, record.agent);
  const session = check("session", parseSessionId, record.session);
  return gateway === null || agent === null || session === null ? null : { gateway, agent, session };
}

export function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.slice(0, MAX_PROBLEMS).map((issue) => `${placeOf(issue.path)}: ${issue.message}`);
}

function placeOf(path: readonly PropertyKey[]): string {
  return (
    path
      .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
      .join("")
      .replace(/^\./, "") || "body"
  );
}
