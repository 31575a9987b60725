import {
  CURRENT_POINTER,
  currentRelease,
  formatReleaseReference,
  pointerOf,
  type AgentRecord,
  type Digest,
  type PointerName,
  type ReleaseName,
  type ReleaseReference,
} from "@perch/domain";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";

/** The release that a name means now. Throws `ApiError` `unknown_pointer`. */
export function resolveRelease(name: ReleaseName, book: Book): ReleaseReference {
  if (name.kind !== "pointer") return name;
  const { agent, pointer } = name;
  const record = book.agent(agent);
  const digest = record === null ? null : standing(record, pointer, book);
  if (digest !== null) return { kind: "digest", agent, digest };
  const known = record?.pointers.map((held) => held.pointer) ?? [];
  throw new ApiError({
    status: 404,
    code: "unknown_pointer",
    message: `found no pointer ${formatReleaseReference(name)}${known.length === 0 ? "" : `, expected one of ${known.join(", ")}`}`,
    hint: `set it with \`perch release point ${formatReleaseReference(name)} ${agent}@<version>\``,
  });
}

/** Null: no such pointer. */
export function standing(record: AgentRecord, pointer: PointerName, book: Book): Digest | null {
  return pointer === CURRENT_POINTER ? currentRelease(record, book.rollouts()) : pointerOf(record, pointer);
}
