import type { GateView } from "@perch/api";
import { EvidenceChart } from "./evidence-chart.tsx";
import { describeEvidence, evidenceShare, formatOdds } from "./format-odds.ts";
import { GateReading } from "./gate-reading.tsx";
import { Icon } from "./icon.tsx";
import { Meter } from "./meter.tsx";
import { NonInferiority } from "./non-inferiority.tsx";

/** One gate: what it counted, what it says, and on what evidence. */
export function GateCard({ gate, isCulprit }: { readonly gate: GateView; readonly isCulprit: boolean }) {
  const id = `gate-${gate.name}`;
  return (
    <article class={`panel gate gate--${gate.verdict}`} data-testid={id} aria-labelledby={`${id}-title`}>
      <div class="gate-head">
        <h3 id={`${id}-title`}>{gate.name}</h3>
        <span class="tag">{gate.role}</span>
        {isCulprit && <span class="tag tag--culprit">caused the rollback</span>}
        <p class={`verdict verdict--${gate.verdict}`} data-testid={`verdict-${gate.name}`} data-verdict={gate.verdict}>
          <Icon name={gate.verdict} />
          {gate.verdict}
        </p>
        <p class="gate-why">{gate.explanation}</p>
        {gate.promise !== null && (
          <p class="gate-why" data-testid={`promise-${gate.name}`}>
            {gate.promise.sentence}
          </p>
        )}
      </div>
      <div class="gate-body">
        <div class="gate-rates">
          <GateReading gate={gate} />
        </div>
        <div class="gate-evidence">
          <HarmEvidence gate={gate} />
          <EvidenceChart gate={gate} />
        </div>
        <div class="gate-promotion">
          <NonInferiority gate={gate} />
        </div>
      </div>
    </article>
  );
}

function HarmEvidence({ gate }: { readonly gate: GateView }) {
  const odds = formatOdds(gate.logE);
  const limit = formatOdds(gate.rejectAtLogE);
  return (
    <div class="evidence">
      <div class="label-row">
        <h4>{gate.kind === "distribution" ? "Evidence of a difference" : "Evidence of harm"}</h4>
        <p class="figure">
          <strong>{odds}</strong> <span class="of">of {limit}</span>
        </p>
      </div>
      <Meter
        label={`Evidence of harm, ${gate.name}`}
        share={evidenceShare(gate.logE, gate.rejectAtLogE)}
        valueText={`${describeEvidence(gate.logE)}; rolls back at ${limit}`}
        tone="harm"
        mark={evidenceShare(gate.fastPathAtLogE, gate.rejectAtLogE)}
      />
      <p class="meter-note">
        mark: fast path at {formatOdds(gate.fastPathAtLogE)}, if windows break in a row
        {gate.brokenWindows > 0 && <strong> · {gate.brokenWindows} broken in a row</strong>}
      </p>
    </div>
  );
}
