/**
 * A `fetch` that sends each request to the other of two gateways than the one before it, as a load balancer may. Every SDK
 * takes a `fetch` of one's own.
 */
export function roundRobin(urls: readonly [string, string], first: number): typeof fetch {
  let turn = first;
  return async (input, init) => {
    turn += 1;
    const { origin } = new URL(urls[turn % 2 === 0 ? 0 : 1]);
    const asked = new URL(input instanceof Request ? input.url : input);
    const url = new URL(`${asked.pathname}${asked.search}`, origin);
    return await fetch(input instanceof Request ? new Request(url, input) : url, init);
  };
}
