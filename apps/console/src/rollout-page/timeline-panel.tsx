import type { RolloutView } from "@perch/api";
import { formatWeight } from "./format-number.ts";
import { formatMoment } from "./format-time.ts";
import { Panel } from "./panel.tsx";
import { describeStanding } from "./phase-words.ts";

/** What happened, newest first. */
export function TimelinePanel({ rollout, now }: { readonly rollout: RolloutView; readonly now: number }) {
  return (
    <Panel id="timeline" title="Timeline" class="timeline">
      <ol data-testid="timeline" reversed>
        {rollout.timeline.toReversed().map((entry) => {
          const { label, tone } = describeStanding({ phase: entry.phase, steps: rollout.steps });
          return (
            <li class={`moment moment--${tone}`} key={`${entry.at}-${entry.phase}-${entry.text}`}>
              <p class="moment-head">
                <strong>{label}</strong>
                <span class="moment-weight">{formatWeight(entry.weightBp)}</span>
                <time dateTime={new Date(entry.at).toISOString()}>{formatMoment(entry.at, now)}</time>
              </p>
              <p class="moment-text">
                {entry.text} <span class="moment-actor">by {entry.actor}</span>
              </p>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
