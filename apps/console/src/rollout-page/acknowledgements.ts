import type { Propagation } from "@perch/api";

export type Acknowledgement = {
  readonly gateway: string;
  readonly state: "acknowledged" | "fenced" | "waiting";
  /** Milliseconds after the decision; null without an acknowledgement. */
  readonly afterMs: number | null;
  readonly at: number | null;
};
export type Acknowledgements = {
  readonly rows: readonly Acknowledgement[];
  /** Gateways that still may send new sessions to the canary. */
  readonly waiting: number;
  /** From the decision to the last acknowledgement; null while one is awaited, or when none came. */
  readonly lastMs: number | null;
};

/** The proof that a decision arrived, fastest gateway first. A fenced gateway assigns to the baseline on its own. */
export function acknowledgementsOf(propagation: Propagation): Acknowledgements {
  const rows = propagation.gateways
    .map(({ gateway, ackedAt, fenced }): Acknowledgement => {
      if (ackedAt !== null)
        return { gateway, state: "acknowledged", afterMs: ackedAt - propagation.decidedAt, at: ackedAt };
      return { gateway, state: fenced ? "fenced" : "waiting", afterMs: null, at: null };
    })
    .toSorted((a, b) => (a.afterMs ?? Infinity) - (b.afterMs ?? Infinity) || a.gateway.localeCompare(b.gateway));
  const waiting = rows.filter((row) => row.state === "waiting").length;
  const slowest = rows.reduce<number | null>(
    (max, row) => (row.afterMs === null ? max : Math.max(max ?? 0, row.afterMs)),
    null,
  );
  return { rows, waiting, lastMs: waiting === 0 ? slowest : null };
}
