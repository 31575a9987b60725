export type RoundRobin = {
  readonly urls: readonly [string, string];
  /** Which of them is asked first. */
  readonly first: number;
  /** Go with every request. */
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * A `fetch` that sends each request to the other of two gateways than the one before it, as a load balancer may. Every SDK
 * takes a `fetch` of one's own.
 */
export function roundRobin({ urls, first, headers }: RoundRobin): typeof fetch {
  let turn = first;
  return async (input, init) => {
    const { origin } = new URL(urls[turn % 2 === 0 ? 0 : 1]);
    turn += 1;
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const url = new URL(`${pathname}${search}`, origin);
    const asked = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    for (const [name, value] of Object.entries(headers)) asked.set(name, value);
    return await fetch(input instanceof Request ? new Request(url, input) : url, { ...init, headers: asked });
  };
}
