import { createHash } from "node:crypto";
import type { Bucket, WriteCondition } from "./bucket.ts";

/** Which conditions of a write it honours: as S3 does, as S3 did in autumn 2024, none, or with an error. */
export type HonouredConditions = "all" | "isAbsent" | "none" | "refused";

/** A bucket that keeps its objects in memory. */
export function createMemoryBucket(
  honoured: HonouredConditions,
): Bucket & { readonly objects: Map<string, Uint8Array> } {
  const objects = new Map<string, Uint8Array>();
  return {
    objects,
    async read(key, limit) {
      const bytes = objects.get(key);
      return bytes === undefined ? null : { bytes: bytes.slice(0, limit + 1), etag: etagOf(bytes) };
    },
    size: async (key) => objects.get(key)?.length ?? null,
    async write(key, { bytes }, condition) {
      if (condition.kind !== "none" && honoured === "refused") return "unsupported";
      if (isHonoured(honoured, condition) && !holds(condition, objects.get(key))) return "conflict";
      objects.set(key, bytes.slice());
      return "written";
    },
    copy: async () => false,
    async folders(prefix) {
      const below = [...objects.keys()].filter((key) => key.startsWith(prefix));
      return [...new Set(below.map((key) => key.slice(prefix.length).split("/")[0] ?? ""))];
    },
  };
}

function isHonoured(honoured: HonouredConditions, { kind }: WriteCondition): boolean {
  return honoured === "all" || (honoured === "isAbsent" && kind === "isAbsent");
}

function holds(condition: WriteCondition, held: Uint8Array | undefined): boolean {
  switch (condition.kind) {
    case "none":
      return true;
    case "isAbsent":
      return held === undefined;
    case "isUnchanged":
      return held !== undefined && etagOf(held) === condition.etag;
  }
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
