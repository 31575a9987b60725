/** How late an event is, at most, that was sent at `sentAt` by the sender's clock and has come at `at` by ours. */
export type Lateness = (event: { readonly sentAt: number; readonly at: number }) => number;

/** Clocks that go this much apart are no sign of lateness: by this much of the time between two events. */
const MOST_DRIFT = 0.02;

/**
 * The clocks differ by nobody knows how much, so only spans are compared: what took longer between arriving than between
 * sending has been held up on its way, and stays so for whatever comes behind it. The first event was sent after we had asked.
 */
export function createLateness(askedAt: number): Lateness {
  let last: { readonly sentAt: number; readonly at: number; readonly lateMs: number } | null = null;
  return ({ sentAt, at }) => {
    const lateMs =
      last === null
        ? at - askedAt
        : Math.max(0, last.lateMs + (at - last.at) - (sentAt - last.sentAt) * (1 + MOST_DRIFT));
    last = { sentAt, at, lateMs };
    return lateMs;
  };
}
