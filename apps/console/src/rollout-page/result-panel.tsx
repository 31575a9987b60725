import type { Propagation, RolloutView } from "@perch/api";
import { acknowledgementsOf, type Acknowledgement } from "./acknowledgements.ts";
import { describeOutcome, laterRejections } from "./describe-outcome.ts";
import { describeWatch } from "./describe-watch.ts";
import { countOf, formatCount, formatMs } from "./format-number.ts";
import { formatOdds } from "./format-odds.ts";
import { formatClock } from "./format-time.ts";
import { Icon, type IconName } from "./icon.tsx";

const ICONS: Record<"back" | "promoted" | "stopped", IconName> = { back: "back", promoted: "pass", stopped: "stop" };

/** How it ended and the proof that the decision arrived; nothing while the rollout goes on. */
export function ResultPanel({ rollout }: { readonly rollout: RolloutView }) {
  const outcome = describeOutcome(rollout);
  if (outcome.kind === "open") return null;
  const later = laterRejections(rollout);
  return (
    <section class={`panel result result--${outcome.kind}`} aria-labelledby="result-title" data-testid="result">
      <div class="result-words">
        <h2 id="result-title">
          <Icon name={ICONS[outcome.kind]} />
          {outcome.headline}
        </h2>
        {[...outcome.evidence, ...describeWatch(rollout)].map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        {later.length > 0 && <p>Rejected since, as more sessions matured: {later.join(", ")}.</p>}
        <ResultFigures rollout={rollout} />
      </div>
      {rollout.propagation !== null && <PropagationTable propagation={rollout.propagation} />}
    </section>
  );
}

function ResultFigures({ rollout }: { readonly rollout: RolloutView }) {
  const { propagation, canarySessionsAtDecision: atDecision, evidenceAtDecision } = rollout;
  const culprit = rollout.gates.find((gate) => gate.name === rollout.culprits[0]);
  return (
    <dl class="result-figures">
      {culprit !== undefined && (
        <div>
          <dt>odds against no harm</dt>
          <dd data-testid="result-odds">{formatOdds(evidenceAtDecision?.[culprit.name] ?? culprit.logE)}</dd>
          <dd class="figure-note">
            at the decision; rejects at {formatOdds(culprit.rejectAtLogE)}, now {formatOdds(culprit.logE)}
          </dd>
        </div>
      )}
      <div>
        <dt>canary sessions exposed</dt>
        <dd data-testid="exposed">{formatCount(rollout.canarySessionsExposed)}</dd>
        {atDecision !== null && <dd class="figure-note">{formatCount(atDecision)} judged at the decision</dd>}
      </div>
      {propagation !== null && <PropagationFigure propagation={propagation} />}
    </dl>
  );
}

function PropagationFigure({ propagation }: { readonly propagation: Propagation }) {
  const { lastMs, note } = describePropagation(propagation);
  return (
    <div>
      <dt>decision to last gateway</dt>
      <dd data-testid="propagation-ms">{lastMs === null ? "–" : formatMs(lastMs)}</dd>
      <dd class="figure-note">{note}</dd>
    </div>
  );
}

function describePropagation(propagation: Propagation): { readonly lastMs: number | null; readonly note: string } {
  const { rows, waiting, lastMs } = acknowledgementsOf(propagation);
  const fenced = rows.filter((row) => row.state === "fenced").length;
  if (waiting > 0) return { lastMs, note: `${countOf(waiting, "gateway")} still to answer` };
  if (fenced > 0) return { lastMs, note: `${countOf(fenced, "gateway")} fenced` };
  return { lastMs, note: `decided at ${formatClock(propagation.decidedAt)}` };
}

const STATE_ICONS: Record<Acknowledgement["state"], IconName> = {
  acknowledged: "pass",
  fenced: "invalid",
  waiting: "inconclusive",
};
const STATE_WORDS: Record<Acknowledgement["state"], string> = {
  acknowledged: "acknowledged",
  fenced: "fenced: lease ran out",
  waiting: "waiting",
};

function PropagationTable({ propagation }: { readonly propagation: Propagation }) {
  const { rows } = acknowledgementsOf(propagation);
  const { epoch, sequence } = propagation.revision;
  return (
    <div class="propagation" data-testid="propagation">
      <table>
        <caption>
          Revision {epoch}.{sequence} at the gateways
        </caption>
        <thead>
          <tr>
            <th scope="col">gateway</th>
            <th scope="col">answer</th>
            <th scope="col" class="number">
              after
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.gateway}>
              <th scope="row">{row.gateway}</th>
              <td class={`ack ack--${row.state}`} title={row.at === null ? undefined : formatClock(row.at)}>
                <Icon name={STATE_ICONS[row.state]} />
                {STATE_WORDS[row.state]}
              </td>
              <td class="number">{row.afterMs === null ? "–" : formatMs(row.afterMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="quiet-note">No gateway was connected.</p>}
    </div>
  );
}
