import type { Term } from "./term.ts";

/** A term as the server sees it that leads in it. */
export type HeldTerm = {
  readonly id: string;
  readonly term: Term;
  /** It may lead until then. One that is over stays so: another server may have led in between. */
  readonly extend: (until: number) => void;
  /** Over from now on: before anybody else is let lead. */
  readonly revoke: () => void;
};

export type NewHeldTerm = {
  readonly id: string;
  readonly epoch: number;
  /** By `tick`, and so are all times here. */
  readonly until: number;
  readonly tick: () => number;
};

export function createHeldTerm({ id, epoch, until, tick }: NewHeldTerm): HeldTerm {
  let end = until;
  let isOver = false;
  const isInForce = (): boolean => {
    isOver ||= tick() >= end;
    return !isOver;
  };
  return {
    id,
    term: { epoch, isInForce },
    extend: (next) => {
      if (isInForce()) end = Math.max(end, next);
    },
    revoke: () => {
      isOver = true;
    },
  };
}
