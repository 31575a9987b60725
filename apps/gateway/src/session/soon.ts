/** What is known at once, or later. Most requests wait for nothing, and a promise each would cost them more than the rest. */
export type Soon<Value> = Value | Promise<Value>;

export function whenKnown<Value, Next>(soon: Soon<Value>, next: (value: Value) => Soon<Next>): Soon<Next> {
  return soon instanceof Promise ? soon.then(next) : next(soon);
}
