export type Finding = {
  readonly check: string;
  /** `warn`: it works, but not as somebody meant it to. `fail`: something does not work. */
  readonly level: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do about it; null when nothing is. */
  readonly hint: string | null;
};

/** `place`: the check and the level. */
export function finding(place: readonly [string, Finding["level"]], message: string, hint: string | null): Finding {
  const [check, level] = place;
  return { check, level, message, hint };
}
