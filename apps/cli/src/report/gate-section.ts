import type { GateView, ReportView } from "@perch/api";
import { evidenceChart } from "./charts.ts";
import { count, odds, percent, points, span } from "./format.ts";
import { html, NOTHING, type Html } from "./html.ts";
import { table } from "./table.ts";

const VERDICT: Readonly<Record<GateView["verdict"], string>> = {
  pass: "good",
  fail: "bad",
  inconclusive: "warn",
  invalid: "warn",
};

/** Every gate with its rates, what they can mean, and its evidence over time. */
export function gateSection(report: ReportView): Html {
  const { gates } = report.rollout;
  if (gates.length === 0) return NOTHING;
  return html`<h2>Gates</h2>
    <p class="soft">
      Rates are of bad sessions, canary beside concurrent baseline. Intervals hold at every moment at once (95 %), so
      that looking often costs nothing. Evidence is the odds against “no harm”.
    </p>
    ${gates.map((gate) => oneGate(gate, report))}`;
}

function oneGate(gate: GateView, report: ReportView): Html {
  return html`<section>
    <h3>
      ${gate.name} <span class="badge ${VERDICT[gate.verdict]}">${gate.verdict}</span>
      <span class="soft">${gate.role}</span>
    </h3>
    <p>${gate.explanation}</p>
    ${gate.promise === null ? NOTHING : html`<p>${gate.promise.sentence}.</p>`} ${rateTable(gate)} ${valuesTable(gate)}
    ${findingsList(gate)} ${segmentsTable(gate)} ${meaningTable(gate, report)}
    <figure>
      ${evidenceChart(gate, report)}
      <figcaption>Evidence of harm over time. Above the red line the gate rejects.</figcaption>
    </figure>
  </section>`;
}

/** Of a gate that counts. */
function rateTable(gate: GateView): Html {
  if (gate.values !== null || gate.kind === "distribution") return NOTHING;
  const rows = (["baseline", "canary"] as const).map((arm) => {
    const { sessions, bad, rate } = gate[arm];
    return [arm, count(sessions), count(bad), percent(rate)];
  });
  return table(["", "#sessions", "#bad", "#rate"], rows);
}

/** Of a gate that compares values: both arms' mean or quantile. */
function valuesTable({ values }: GateView): Html {
  if (values === null) return NOTHING;
  const { statistic, unit, baseline, canary } = values;
  const head = ["", unit === "" ? `#${statistic}` : `#${statistic}, ${unit === "usd" ? "US$" : unit}`];
  return table(head, [
    ["baseline", amount(baseline)],
    ["canary", amount(canary)],
  ]);
}

function amount(value: number | null): string {
  return value === null ? "–" : String(Number(value.toPrecision(4)));
}

/** Of a gate on tool use: what the canary does differently. */
function findingsList({ findings }: GateView): Html {
  if (findings.length === 0) return NOTHING;
  const rows = findings.map(({ sentence, logE, isEstablished }) => [
    sentence,
    `1:${odds(logE)}`,
    isEstablished ? "yes" : "may be chance",
  ]);
  return table(["tool use", "#evidence", "established"], rows);
}

/** Each intent or tool by itself, and all sessions at the gate's age. */
function segmentsTable({ segments, landmark }: GateView): Html {
  const aged = landmark === null ? [] : [{ ...landmark, segment: `bad or not over after ${span(landmark.ageMs)}` }];
  const parts = [...segments.map((part) => ({ ...part, rejectAtLogE: null })), ...aged];
  if (parts.length === 0) return NOTHING;
  const rows = parts.map(({ segment, baseline, canary, logE, rejectAtLogE }) => [
    segment,
    percent(baseline.rate),
    percent(canary.rate),
    count(canary.sessions),
    `1:${odds(logE)}${rejectAtLogE === null ? "" : ` of 1:${odds(rejectAtLogE)}`}`,
  ]);
  return table(["part", "#baseline", "#canary", "#canary sessions", "#evidence of harm"], rows);
}

function meaningTable(gate: GateView, report: ReportView): Html {
  const { oddsRatio, difference, probabilityWorse, nonInferiority } = gate;
  const excess = report.excess.find((one) => one.gate === gate.name);
  const shown = nonInferiority.isMet ? "shown" : "not shown";
  return table(
    ["difference", "odds ratio", "probability worse", "excess bad so far", "evidence of harm", "α", "not worse"],
    [
      [
        difference === null ? "–" : `${points(difference.low)} … ${points(difference.high)}`,
        oddsRatio === null ? "–" : `${ratio(oddsRatio.low)} … ${ratio(oddsRatio.high)}`,
        percent(probabilityWorse),
        excess === undefined || difference === null ? "–" : count(excess.bad),
        `1:${odds(gate.logE)} of 1:${odds(gate.rejectAtLogE)}`,
        percent(gate.alpha, 3),
        `${shown} (1:${odds(nonInferiority.logE)} of 1:${odds(nonInferiority.acceptAtLogE)})`,
      ],
    ],
  );
}

/** The grid of odds ratios ends there. */
function ratio(value: number): string {
  if (value >= 29.9) return "30 or more";
  return value <= 0.201 ? "0.2 or less" : String(Number(value.toPrecision(2)));
}
