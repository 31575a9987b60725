import type { RolloutView } from "@perch/api";
import { acknowledgementsOf } from "./acknowledgements.ts";
import { describeHarmBudget } from "./describe-harm-budget.ts";
import { describeMirror } from "./describe-mirror.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { DriftShares } from "./drift-shares.tsx";
import { formatCount, formatMs, formatWeight } from "./format-number.ts";
import { Icon } from "./icon.tsx";
import { ladderOf, type Rung } from "./ladder-rungs.ts";
import { Panel } from "./panel.tsx";
import { shortDigest } from "./short-digest.ts";

/** Which releases, at which weight, on which step, and how far reality has drifted from the weight. */
export function WeightPanel({ rollout, now }: { readonly rollout: RolloutView; readonly now: number }) {
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
        <DriftShares rollout={rollout} now={now} />
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

function Waiting({ rollout }: { readonly rollout: RolloutView }) {
  if (describeOutcome(rollout).kind !== "open") return null;
  const lastMs = rollout.propagation === null ? null : acknowledgementsOf(rollout.propagation).lastMs;
  return (
    <div class="weight-foot">
      {rollout.mirror !== null && <p data-testid="mirror">{describeMirror(rollout.mirror)}</p>}
      {rollout.harmBudget !== null && <p data-testid="harm-budget">{describeHarmBudget(rollout.harmBudget)}</p>}
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
