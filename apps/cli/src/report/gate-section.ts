import type { GateView, ReportView } from "@perch/api";
import { evidenceChart } from "./charts.ts";
import { count, odds, percent, points } from "./format.ts";
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
    ${rateTable(gate)} ${meaningTable(gate, report)}
    <figure>
      ${evidenceChart(gate, report)}
      <figcaption>Evidence of harm over time. Above the red line the gate rejects.</figcaption>
    </figure>
  </section>`;
}

function rateTable(gate: GateView): Html {
  const rows = (["baseline", "canary"] as const).map((arm) => {
    const { sessions, bad, rate } = gate[arm];
    return [arm, count(sessions), count(bad), percent(rate)];
  });
  return table(["", "#sessions", "#bad", "#rate"], rows);
}

function meaningTable(gate: GateView, report: ReportView): Html {
  const { oddsRatio, difference, probabilityWorse, nonInferiority } = gate;
  const excess = report.excess.find((one) => one.gate === gate.name);
  const shown = nonInferiority.isMet ? "shown" : "not shown";
  return table(
    ["difference", "odds ratio", "probability worse", "excess bad so far", "evidence of harm", "α", "not worse"],
    [
      [
        `${points(difference.low)} … ${points(difference.high)}`,
        `${ratio(oddsRatio.low)} … ${ratio(oddsRatio.high)}`,
        percent(probabilityWorse),
        excess === undefined ? "–" : count(excess.bad),
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
