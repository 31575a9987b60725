import type { ForecastView } from "@perch/api";

type Step = ForecastView["steps"][number];
type Gate = ForecastView["gates"][number];

/** What a rollout file would do, as whoever is about to start it wants to read it. */
export function describeForecast(forecast: ForecastView): string {
  const { name, agent, release, baseline, sessionsPerMinute, maturationMs } = forecast;
  return [
    `${name}  ${agent}  ${baseline} → ${release}`,
    `reckons with ${number(sessionsPerMinute)} sessions a minute, readable ${time(maturationMs)} after they begin,`,
    `             and a canary as good as the baseline, unless said`,
    ...describeMirror(forecast),
    "",
    ...forecast.steps.flatMap((step, index) => describeStep(step, index, forecast.gates)),
    `promoted     ${forecast.totalMs === null ? "not in sight" : `after about ${time(forecast.totalMs)}`}`,
    "",
    ...forecast.waits.map((wait) => `waits        ${wait}`),
    ...describeGates(forecast),
    ...describeHarms(forecast),
    `exposed      ${forecast.worstExposure === null ? "no limit in sight" : `at most about ${forecast.worstExposure} canary sessions before a rollback`}`,
    ...forecast.warnings.map((warning) => `warning      ${warning}`),
  ].join("\n");
}

function describeMirror({ mirror }: ForecastView): readonly string[] {
  if (mirror === null) return [];
  return [
    `mirror       ${percent(mirror.percentageBp / 10_000)} of new sessions for ${time(mirror.durationMs)}, seen by nobody`,
  ];
}

function describeStep(step: Step, index: number, gates: readonly Gate[]): readonly string[] {
  const begins = step.startsAfterMs === null ? "not in sight" : `after ${time(step.startsAfterMs)}`;
  const takes = step.durationMs === null ? "no end in sight" : `about ${time(step.durationMs)}`;
  const needs =
    step.canarySessions === null ? "more canary sessions than can be" : `${step.canarySessions} canary sessions`;
  const exposed = step.exposedByEnd === null ? "" : `; ${step.exposedByEnd} exposed by its end`;
  const finds = step.gates.flatMap(({ gate, smallestEffect }) => {
    const of = gates.find(({ name }) => name === gate);
    return of === undefined || smallestEffect === null ? [] : [`${gate} ${describeEffect(of, smallestEffect)}`];
  });
  return [
    `step ${index + 1}       ${percent(step.weightBp / 10_000)} ${begins}: ${takes}, because of ${step.because}`,
    `             needs ${needs}${exposed}`,
    ...(finds.length === 0 ? [] : [`             finds by its end: ${finds.join(", ")}`]),
  ];
}

function describeGates({ gates }: ForecastView): readonly string[] {
  return gates.map(({ name, role, baseline, sessions, alpha }) => {
    const from = sessions === null ? "assumed" : `${sessions} sessions`;
    const of = describeBaseline(baseline);
    return `gate         ${name} (${role}): ${of} (${from}), decides at evidence 1:${number(1 / alpha)}`;
  });
}

function describeBaseline({ statistic, value }: Gate["baseline"]): string {
  if (statistic === "rate") return `baseline ${percent(value)}`;
  return statistic === "features" ? `compares ${value} features` : `baseline's ${statistic} ${number(value)}`;
}

/** "+4 points", "+12 %", "−0.2", "new in 14 % of sessions". */
function describeEffect({ effect, direction }: Gate, size: number): string {
  const sign = effect !== "rise" && direction === "decrease" ? "−" : "+";
  switch (effect) {
    case "rise":
      return `${sign}${Number((size * 100).toFixed(1))} points`;
    case "relative":
      return `${sign}${Number((size * 100).toFixed(1))} %`;
    case "amount":
      return `${sign}${number(size)}`;
    case "new":
      return `new in ${Number((size * 100).toPrecision(2))} % of sessions`;
  }
}

function describeHarms({ harms, gates }: ForecastView): readonly string[] {
  return harms.map(({ gate, size, baselineRate, canaryRate, foundAfterMs, exposed }) => {
    const of = gates.find(({ name }) => name === gate);
    const effect = of === undefined ? "" : describeEffect(of, size);
    const rise =
      baselineRate === null || canaryRate === null ? effect : `${percent(baselineRate)} → ${percent(canaryRate)}`;
    const found =
      foundAfterMs === null
        ? "not found by then, and the promotion waits for evidence"
        : `rolled back after about ${time(foundAfterMs)}`;
    return `if harmful   ${gate} ${rise}: ${found}, ${exposed} exposed`;
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

function number(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

function time(ms: number): string {
  if (ms >= 86_400_000) return `${(ms / 86_400_000).toFixed(1)} days`;
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  if (ms >= 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${Number((ms / 1000).toFixed(1))} s`;
}
