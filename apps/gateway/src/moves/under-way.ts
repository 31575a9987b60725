import type { Pin } from "@perch/domain";

/** Keeps a session at its release while a turn of it is under way. */
export type Stay = {
  /** The turn is over. `isSafe`: it ended well, at a boundary; then its session may be moved before `then`. */
  end(isSafe: boolean, then: () => void): void;
};

/** A turn that an agent works on. */
export type TurnUnderWay = {
  readonly pin: Pin;
  /** Null as long as its session is not to be moved. */
  stay: Stay | null;
};

/** The answer says that its session may change its release after it. */
export function isSafeBoundary(header: string | undefined): boolean {
  return header === "safe" || header === "end";
}

/** For a turn that never came to its release. */
export function endStay(stay: Stay | null): void {
  stay?.end(false, () => {});
}
