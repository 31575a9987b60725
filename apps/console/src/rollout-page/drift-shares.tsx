import type { RolloutView } from "@perch/api";
import { describeDriftPeriod, describeResidual } from "./describe-drift.ts";
import { formatCount, formatPercent } from "./format-number.ts";
import { Meter } from "./meter.tsx";

type DriftSharesProps = { readonly rollout: RolloutView; readonly now: number };

/** How far reality has drifted from the weight: four shares of the canary, each with what it is made of. */
export function DriftShares({ rollout, now }: DriftSharesProps) {
  const { drift } = rollout;
  const { counts } = drift;
  const shares = [
    { label: "target", share: drift.target, of: null },
    { label: "new sessions", share: drift.newSessions, of: counts.newSessions },
    { label: "live sessions", share: drift.liveSessions, of: counts.liveSessions },
    { label: "turns", share: drift.turns, of: counts.turns },
  ] as const;
  const scale = Math.max(0.02, ...shares.map(({ share }) => share ?? 0)) * 1.1;
  const residual = describeResidual(rollout);
  return (
    <div class="drift" data-testid="drift">
      <h3>The canary's share</h3>
      <dl>
        {shares.map(({ label, share, of }) => (
          <div class="drift-row" key={label}>
            <dt>{label}</dt>
            <dd>
              <Meter
                label={`Canary share of ${label}`}
                share={(share ?? 0) / Math.min(1, scale)}
                valueText={formatPercent(share)}
                tone="canary"
              />
              <span class="figure">{formatPercent(share)}</span>
              <span class="drift-count">
                {of !== null && of.all > 0 && `${formatCount(of.canary)} of ${formatCount(of.all)}`}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="drift-period">{describeDriftPeriod(drift, now)}</p>
      {residual !== null && <p class="drift-residual">{residual}</p>}
    </div>
  );
}
