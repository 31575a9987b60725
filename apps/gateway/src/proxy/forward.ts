import { bucketOf } from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import type { Upstream } from "../table/route-index.ts";
import { Exchange, type Forwarding } from "./exchange.ts";
import { Passage, type PassageDeps } from "./passage.ts";
import { notDeployed, releaseBusy, retired, unreachable } from "./refusals.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";
import type { Acquired, UpstreamPools } from "./upstream-pools.ts";

export type ForwardDeps = PassageDeps & {
  readonly pools: Pick<UpstreamPools, "acquire" | "giveBack">;
  /** What each release may work on at once; null for as much as comes. */
  readonly maxConcurrent: number | null;
};

/** Sends a request to its release and streams the answer back. Every way this can end leaves one turn record. */
export function forward(forwarding: Forwarding, deps: ForwardDeps): void {
  const exchange = new Exchange(forwarding, deps);
  if (!exchange.isLet) {
    exchange.refuse(releaseBusy(forwarding, deps.maxConcurrent ?? 0), null, "retry-after: 1\r\n");
    return;
  }
  const upstreams = deps.health.inOrder(inOrderOf(forwarding.pin.session, forwarding.release.upstreams));
  if (upstreams.length === 0) refuseUndeployed(exchange);
  else new Search(exchange, upstreams, deps).begin();
}

function refuseUndeployed(exchange: Exchange): void {
  const { forwarding } = exchange;
  const { isRetired } = forwarding.release;
  exchange.endsSession = isRetired;
  exchange.refuse(isRetired ? retired(forwarding) : notDeployed(forwarding), "not_deployed");
}

/** Goes from one URL of the release to the next until it is connected to one. */
class Search implements Acquired {
  readonly #exchange: Exchange;
  readonly #upstreams: readonly Upstream[];
  readonly #deps: ForwardDeps;
  #at = 0;

  constructor(exchange: Exchange, upstreams: readonly Upstream[], deps: ForwardDeps) {
    this.#exchange = exchange;
    this.#upstreams = upstreams;
    this.#deps = deps;
  }

  begin(): void {
    this.#exchange.forwarding.turn.listen(this);
    this.#acquire();
  }

  ready(connection: UpstreamConnection): void {
    const upstream = this.#upstreams[this.#at];
    if (upstream === undefined) return;
    if (this.#exchange.isOver) this.#deps.pools.giveBack(upstream.origin, connection);
    else new Passage(this.#exchange, { upstream, connection }, this.#deps).start();
  }

  failed(error: Error): void {
    const upstream = this.#upstreams[this.#at];
    if (this.#exchange.isOver || upstream === undefined) return;
    this.#deps.health.failed(upstream.origin, "unreachable");
    this.#at += 1;
    // Without a connection no byte has reached an agent: another one may be asked. Later, nobody is asked again.
    if (this.#at < this.#upstreams.length) this.#acquire();
    else {
      const refusal = unreachable(this.#exchange.forwarding, upstream.origin, reasonOf(error));
      this.#exchange.refuse(refusal, "upstream_unreachable");
    }
  }

  clientGone(): void {
    this.#exchange.status = 499;
    this.#exchange.end("client_aborted");
  }

  clientDrained(): void {}

  #acquire(): void {
    const upstream = this.#upstreams[this.#at];
    if (upstream !== undefined) this.#deps.pools.acquire(upstream.origin, this);
  }
}

/** The same session begins at the same place, so that an agent finds what it keeps in memory. */
export function inOrderOf(session: string, upstreams: readonly Upstream[]): readonly Upstream[] {
  if (upstreams.length < 2) return upstreams;
  const first = bucketOf("upstream", session) % upstreams.length;
  return [...upstreams.slice(first), ...upstreams.slice(0, first)];
}
