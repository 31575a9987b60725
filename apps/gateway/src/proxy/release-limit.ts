import type { Digest } from "@perch/domain";

/** How many requests each release works on at once. */
export type ReleaseLimit = {
  /** False when the release has enough to do. */
  enter(release: Digest): boolean;
  leave(release: Digest): void;
};

/** `max` null: as many as come. */
export function createReleaseLimit(max: number | null): ReleaseLimit {
  if (max === null) return { enter: () => true, leave() {} };
  const open = new Map<Digest, number>();
  return {
    enter(release) {
      const count = open.get(release) ?? 0;
      if (count >= max) return false;
      open.set(release, count + 1);
      return true;
    },
    leave(release) {
      const count = (open.get(release) ?? 1) - 1;
      if (count === 0) open.delete(release);
      else open.set(release, count);
    },
  };
}
