import type { Report, Reports } from "../workers/report.ts";

/** The metrics of several gateways as one text: Prometheus wants the lines of a metric together. */
export function mergeMetrics({
  reporting,
  silent,
}: {
  readonly reporting: readonly Pick<Report, "metrics">[];
  readonly silent: Reports["silent"];
}): string {
  const families = new Map<string, string[]>();
  for (const { metrics } of reporting) {
    for (const family of metrics.split(/\n\n+/)) {
      const [help = "", type = "", ...samples] = family.trimEnd().split("\n");
      const head = `${help}\n${type}`;
      if (help !== "") families.set(head, [...(families.get(head) ?? []), ...samples]);
    }
  }
  families.set(WORKERS, [
    `perch_gateway_workers{state="reporting"} ${reporting.length}`,
    `perch_gateway_workers{state="silent"} ${silent.length}`,
  ]);
  return `${[...families].map(([head, samples]) => [head, ...samples].join("\n")).join("\n\n")}\n`;
}

const WORKERS =
  "# HELP perch_gateway_workers Worker processes, by whether they answered in time.\n# TYPE perch_gateway_workers gauge";
