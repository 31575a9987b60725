import { createHash } from "node:crypto";
import type { ReportView } from "@perch/api";
import { blastSection } from "./blast-section.ts";
import { exposureChart, weightChart } from "./charts.ts";
import { count, moment, percent, shortDigest, span } from "./format.ts";
import { gateSection } from "./gate-section.ts";
import { describeAfterPromotion } from "../rollout/describe-after-promotion.ts";
import { html, type Html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** The report as one page that needs nothing else: no script, no address but its own, readable in ten years. */
export function htmlReport(report: ReportView): string {
  const { rollout } = report;
  const title = `${rollout.agent} ${rollout.baseline.version} → ${rollout.canary.version}: ${rollout.phase}`;
  const body = html`<main>
    ${headSection(report)} ${timelineSection(report)} ${gateSection(report)} ${exposureSection(report)}
    ${blastSection(report)} ${driftSection(report)} ${decidedSection(report)} ${ledgerSection(report)}
  </main>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleDigest()}'; img-src data:">
<link rel="icon" href="data:,">
<title>${html`${title}`.html}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${body.html}
</body>
</html>
`;
}

function styleDigest(): string {
  return createHash("sha256").update(PAGE_STYLE).digest("base64");
}

const STANDING: Readonly<Record<string, string>> = {
  Succeeded: "good",
  RollingBack: "bad",
  RolledBack: "bad",
  Failed: "bad",
  Paused: "warn",
  Aborted: "warn",
};

function headSection({ rollout, at, excess, outlook, blastRadius }: ReportView): Html {
  const { phase, reason, baseline, canary, agent, id, appliedAt, endedAt } = rollout;
  const writes = blastRadius.tools.reduce((sum, { calls }) => sum + calls, 0);
  const worst = excess.reduce((most, one) => Math.max(most, one.bad), 0);
  const figures: readonly (readonly [string, string])[] = [
    ["canary sessions exposed", count(rollout.canarySessionsExposed)],
    ["excess bad sessions, worst gate", count(worst)],
    ["writes by canary sessions", blastRadius.unknownBecause === "" ? count(writes) : "not known"],
    ["decision to last gateway", propagationTime(rollout)],
    ["took", span((endedAt ?? at) - appliedAt)],
    ...(outlook.worstHarm === null
      ? []
      : [["may still come, at the next weight", `${count(outlook.worstHarm)} bad sessions`] as const]),
  ];
  return html`<h1>
      ${agent}: ${baseline.version} → ${canary.version} <span class="badge ${STANDING[phase] ?? ""}">${phase}</span>
    </h1>
    <p class="soft">
      Rollout ${id}${rollout.isSynthetic ? ", on a made-up clock" : ""}. As of ${moment(at)}; all times are UTC.
    </p>
    ${reason === "" ? html`` : html`<p><strong>${reason}</strong></p>`}
    ${describeAfterPromotion(rollout).map((line) => html`<p>${line.trim().replace(/\s+/g, " ")}.</p>`)}
    ${rollout.culprits.length === 0 ? html`` : html`<p>Rolled back because of <strong>${rollout.culprits.join(", ")}</strong>.</p>`}
    <dl class="figures">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`;
}

function propagationTime({ propagation }: ReportView["rollout"]): string {
  if (propagation === null || propagation.lastAckAt === null) return "–";
  return span(propagation.lastAckAt - propagation.decidedAt);
}

function timelineSection(report: ReportView): Html {
  return html`<h2>Timeline</h2>
    <figure>
      ${weightChart(report)}
      <figcaption>Share of new sessions that was to meet the canary.</figcaption>
    </figure>
    <div class="wide">
      <table>
        <tr>
          <th>when</th>
          <th>phase</th>
          <th class="number">weight</th>
          <th>what happened</th>
          <th>by</th>
        </tr>
        ${report.rollout.timeline.map(
          (entry) =>
            html`<tr>
              <td>${moment(entry.at)}</td>
              <td>${entry.phase}</td>
              <td class="number">${percent(entry.weightBp / 10_000, 2)}</td>
              <td>${entry.text}</td>
              <td>${entry.actor}</td>
            </tr>`,
        )}
      </table>
    </div>`;
}

function exposureSection(report: ReportView): Html {
  const { arms, switchedSessions, mirror } = report.rollout;
  return html`<h2>Exposure</h2>
    <figure>
      ${exposureChart(report)}
      <figcaption>Canary sessions judged so far.</figcaption>
    </figure>
    <div class="wide">
      <table>
        <tr>
          <th></th>
          <th class="number">sessions</th>
          <th class="number">matured</th>
          <th class="number">turns</th>
        </tr>
        ${(["baseline", "canary"] as const).map(
          (arm) =>
            html`<tr>
              <td>${arm}</td>
              <td class="number">${count(arms[arm].sessions)}</td>
              <td class="number">${count(arms[arm].matured)}</td>
              <td class="number">${count(arms[arm].turns)}</td>
            </tr>`,
        )}
      </table>
    </div>
    <p>
      ${switchedSessions === 0 ? "No session met more than one release." : `${switchedSessions} sessions met more than one release.`}
    </p>
    ${mirror === null ? html`` : html`<p>Mirrored before: ${count(mirror.spent.sessions)} sessions with ${count(mirror.spent.turns)} turns.</p>`}`;
}

function driftSection({ rollout }: ReportView): Html {
  const { drift } = rollout;
  if (drift.since === null) return html``;
  return html`<h2>Drift</h2>
    <p class="soft">
      The canary's shares beside its weight, among all traffic of the agent since ${moment(drift.since)}.
    </p>
    <div class="wide">
      <table>
        <tr>
          <th class="number">weight</th>
          <th class="number">new sessions</th>
          <th class="number">live sessions</th>
          <th class="number">turns</th>
        </tr>
        <tr>
          <td class="number">${percent(drift.target)}</td>
          <td class="number">${percent(drift.newSessions)}</td>
          <td class="number">${percent(drift.liveSessions)}</td>
          <td class="number">${percent(drift.turns)}</td>
        </tr>
      </table>
    </div>`;
}

function decidedSection({ decided }: ReportView): Html {
  return html`<h2>Who decided what</h2>
    <div class="wide">
      <table>
        <tr>
          <th>when</th>
          <th>who</th>
          <th>did</th>
          <th>why</th>
        </tr>
        ${decided.map(
          ({ at, actor, did, why }) =>
            html`<tr>
              <td>${moment(at)}</td>
              <td>${actor}</td>
              <td>${did}</td>
              <td>${why}</td>
            </tr>`,
        )}
      </table>
    </div>
    <p class="soft">Whatever is not named here the controller decided on the evidence above.</p>`;
}

function ledgerSection({ ledger, rollout }: ReportView): Html {
  return html`<h2>Proof</h2>
    <p>
      ${count(ledger.entries)} entries of the ledger are about this rollout; the last is ${ledger.sequence}, with hash
      <code>${ledger.hash}</code>.
    </p>
    <p class="soft">
      Baseline <code>${shortDigest(rollout.baseline.digest)}</code>, canary
      <code>${shortDigest(rollout.canary.digest)}</code>.
    </p>`;
}
