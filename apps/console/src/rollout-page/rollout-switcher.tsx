import type { RolloutView } from "@perch/api";
import { formatMoment } from "./format-time.ts";
import { describeStanding } from "./phase-words.ts";

type RolloutSwitcherProps = {
  readonly rollouts: readonly RolloutView[];
  readonly shown: string;
  readonly now: number;
  readonly onPick: (rollout: string | null) => void;
};

/** Newest first. Picking the newest means following whatever is newest from then on. */
export function RolloutSwitcher({ rollouts, shown, now, onPick }: RolloutSwitcherProps) {
  return (
    <label class="switcher">
      <span class="sr-only">Rollout to show</span>
      <select
        data-testid="rollout-switcher"
        value={shown}
        onChange={(event) => {
          const picked = event.currentTarget.value;
          onPick(picked === rollouts[0]?.id ? null : picked);
        }}
      >
        {rollouts.map((rollout) => (
          <option key={rollout.id} value={rollout.id}>
            {`${rollout.name} (${rollout.agent}) · ${describeStanding(rollout).label} · ${formatMoment(rollout.appliedAt, now)}`}
          </option>
        ))}
      </select>
    </label>
  );
}
