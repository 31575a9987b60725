import type { RolloutView } from "@perch/api";
import { acknowledgementsOf } from "./acknowledgements.ts";
import { describeMirror } from "./describe-mirror.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { formatCount, formatMs, formatPercent, formatWeight } from "./format-number.ts";
import { Icon } from "./icon.tsx";
import { ladderOf, type Rung } from "./ladder-rungs.ts";
import { Meter } from "./meter.tsx";
import { Panel } from "./panel.tsx";
import { shortDigest } from "./short-digest.ts";

/** Which releases, at which weight, on which step, and how far reality has drifted from the weight. */
export function WeightPanel({ rollout }: { readonly rollout: RolloutView }) {
  return (
    <Panel id="weight" title="Weight" class="weight">
      <div class="weight-grid">
        <div class="weight-now">
          <p class="weight-value" data-testid="weight">
            {formatWeight(rollout.weightBp)}
          </p>
          <p class="weight-words">
            of new sessions go to <strong>{rollout.canary.version}</strong>
          </p>
          <dl class="releases">
            <Release arm="baseline" release={rollout.baseline} />
            <Release arm="canary" release={rollout.canary} />
          </dl>
        </div>
        <Ladder rollout={rollout} />
        <Drift drift={rollout.drift} />
      </div>
      <Waiting rollout={rollout} />
    </Panel>
  );
}

type ReleaseProps = { readonly arm: "baseline" | "canary"; readonly release: RolloutView["canary"] };

function Release({ arm, release }: ReleaseProps) {
  return (
    <div class="release">
      <dt>
        <span class={`arm arm--${arm}`}>{arm}</span>
      </dt>
      <dd>
        <span class="release-version">{release.version}</span>{" "}
        <code class="digest" title={release.digest}>
          {shortDigest(release.digest)}
        </code>
      </dd>
    </div>
  );
}

const RUNG_WORDS: Record<Rung["state"], string> = {
  done: "passed",
  current: "now",
  stopped: "stopped here",
  ahead: "ahead",
};

function Ladder({ rollout }: { readonly rollout: RolloutView }) {
  const { rungs, words } = ladderOf(rollout);
  return (
    <div class="ladder">
      <h3>Steps</h3>
      <ol>
        {rungs.map(({ weightBp, state }) => (
          <li class={`rung rung--${state}`} key={weightBp} aria-current={state === "current" ? "step" : undefined}>
            <span class="rung-dot">
              {state === "done" && <Icon name="pass" />}
              {state === "stopped" && <Icon name="fail" />}
            </span>
            <span class="rung-weight">
              {formatWeight(weightBp)} <span class="sr-only">{RUNG_WORDS[state]}</span>
            </span>
          </li>
        ))}
      </ol>
      <p class="ladder-words">{words}</p>
    </div>
  );
}

function Drift({ drift }: { readonly drift: RolloutView["drift"] }) {
  const shares = [
    { label: "target", share: drift.target },
    { label: "new sessions", share: drift.newSessions },
    { label: "live sessions", share: drift.liveSessions },
    { label: "turns", share: drift.turns },
  ] as const;
  const scale = Math.max(0.02, ...shares.map(({ share }) => share ?? 0)) * 1.1;
  return (
    <div class="drift">
      <h3>The canary's share</h3>
      <dl>
        {shares.map(({ label, share }) => (
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
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Waiting({ rollout }: { readonly rollout: RolloutView }) {
  if (describeOutcome(rollout).kind !== "open") return null;
  const lastMs = rollout.propagation === null ? null : acknowledgementsOf(rollout.propagation).lastMs;
  return (
    <div class="weight-foot">
      {rollout.mirror !== null && <p data-testid="mirror">{describeMirror(rollout.mirror)}</p>}
      {isReasonNews(rollout) && <p class="reason">{rollout.reason}</p>}
      {rollout.waitingFor.length > 0 && (
        <div class="waiting">
          <h3>Waiting for</h3>
          <ul>
            {rollout.waitingFor.map((wait) => (
              <li key={wait}>{wait}</li>
            ))}
          </ul>
        </div>
      )}
      <p class="exposed-note">
        <span data-testid="exposed">{formatCount(rollout.canarySessionsExposed)}</span> canary sessions so far
        {lastMs !== null && `; every gateway had this weight after ${formatMs(lastMs)}`}
      </p>
    </div>
  );
}

/** A rollout without a reason of its own repeats what it waits for. */
function isReasonNews({ reason, waitingFor }: RolloutView): boolean {
  return reason !== "" && !waitingFor.join("; ").startsWith(reason);
}
