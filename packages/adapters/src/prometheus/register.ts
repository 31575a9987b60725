import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Distribution } from "./distribution.ts";

export type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };
export type Named = { readonly name: string; readonly help: string; readonly labelNames?: readonly string[] };

// The counts are the data path's own, and are read when somebody asks: prom-client's `inc` and `observe` look up their
// labels each time, which would cost more than what is measured.

export function registerCounter(registry: Registry, named: Named, read: () => Iterable<Sample>): void {
  void new Counter({
    ...withLabels(named),
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc(labels, value);
    },
  });
}

export function registerGauge(registry: Registry, named: Named, read: () => Iterable<Sample>): void {
  void new Gauge({
    ...withLabels(named),
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set(labels, value);
    },
  });
}

export type Spread = Pick<Sample, "labels"> & { readonly distribution: Distribution };

export function registerHistogram(registry: Registry, named: Named, read: () => Iterable<Spread>): void {
  const histogram = new Histogram({ ...withLabels(named), registers: [registry] });
  // Asked before it is changed: its name and type stay, its own values are none.
  const empty = histogram.get();
  const get = async (): typeof empty => {
    const values = [...read()].flatMap((spread) => linesOf(named.name, spread));
    return { ...(await empty), values };
  };
  // The second is what prom-client asks when it makes text.
  Object.assign(histogram, { get, getForPromString: get });
}

/** As in the exposition format: each bucket counts what is in those below it, too. */
function linesOf(name: string, { labels, distribution }: Spread): (Sample & { metricName: string })[] {
  const { bounds, counts, sum } = distribution;
  let count = 0;
  const buckets = counts.map((own, at) => {
    count += own;
    return { labels: { ...labels, le: String(bounds[at] ?? "+Inf") }, value: count, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
}

function withLabels({ name, help, labelNames = [] }: Named): { name: string; help: string; labelNames: string[] } {
  return { name, help, labelNames: [...labelNames] };
}

/** One value without labels. */
export function single(value: number | null): readonly Sample[] {
  return value === null ? [] : [{ labels: {}, value }];
}
