import type { RolloutView } from "@perch/api";
import { figureRows } from "./figure-rows.ts";
import { countOf } from "./format-number.ts";
import { formatOdds } from "./format-odds.ts";
import { Icon } from "./icon.tsx";
import { Panel } from "./panel.tsx";

/** Both arms side by side, and the two checks that make comparing them fair. */
export function ArmsPanel({ rollout }: { readonly rollout: RolloutView }) {
  return (
    <Panel id="arms" title="Arms" class="arms">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="sr-only">figure</span>
            </th>
            <th scope="col" class="number">
              <span class="arm arm--baseline">baseline</span>
            </th>
            <th scope="col" class="number">
              <span class="arm arm--canary">canary</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {figureRows(rollout.arms).map((row) => (
            <tr key={row.label}>
              <th scope="row">{row.label}</th>
              <td class="number">{row.baseline}</td>
              <td class="number">{row.canary}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="checks">
        <Check isGood={rollout.switchedSessions === 0} testId="switched">
          {`${countOf(rollout.switchedSessions, "session")} saw two releases`}
        </Check>
        <Check isGood={!rollout.sampleRatio.isMismatch} testId="sample-ratio">
          {sampleRatioWords(rollout.sampleRatio)}
        </Check>
      </ul>
    </Panel>
  );
}

function sampleRatioWords(ratio: RolloutView["sampleRatio"]): string {
  if (!ratio.isMismatch) return "the split matches the weight";
  return `sample-ratio mismatch, odds ${formatOdds(ratio.logE)}: verdicts are void`;
}

type CheckProps = { readonly isGood: boolean; readonly testId: string; readonly children: string };

function Check({ isGood, testId, children }: CheckProps) {
  return (
    <li class={isGood ? "check" : "check check--bad"} data-testid={testId}>
      <Icon name={isGood ? "pass" : "warning"} />
      <span>{children}</span>
    </li>
  );
}
