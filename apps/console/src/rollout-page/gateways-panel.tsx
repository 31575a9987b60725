import type { GatewayView } from "@perch/api";
import { formatMoment } from "./format-time.ts";
import { Icon, type IconName } from "./icon.tsx";
import { Panel } from "./panel.tsx";

const SYNC: Record<GatewayView["sync"], { readonly icon: IconName; readonly meaning: string }> = {
  Synced: { icon: "pass", meaning: "routes by the newest revision" },
  Pending: { icon: "inconclusive", meaning: "has not acknowledged the newest revision yet" },
  Stale: { icon: "warning", meaning: "has not been heard of lately" },
  Fenced: { icon: "invalid", meaning: "its lease ran out: assigns new sessions to the baseline only, keeps pins" },
};

type GatewaysPanelProps = { readonly gateways: readonly GatewayView[]; readonly now: number };

export function GatewaysPanel({ gateways, now }: GatewaysPanelProps) {
  return (
    <Panel id="gateways" title="Gateways" class="gateways">
      {gateways.length === 0 && <p class="quiet-note">No gateway is connected: nothing routes sessions.</p>}
      <ul data-testid="gateways">
        {gateways.map((gateway) => (
          <li key={gateway.gateway} class={`gateway gateway--${gateway.sync}`}>
            <span class="gateway-name">{gateway.gateway}</span>
            <span class="gateway-sync" title={SYNC[gateway.sync].meaning}>
              <Icon name={SYNC[gateway.sync].icon} />
              {gateway.sync}
            </span>
            <span class="gateway-revision">
              {gateway.revision === null ? "no table" : `rev ${gateway.revision.epoch}.${gateway.revision.sequence}`}
            </span>
            <span class="gateway-seen">seen {formatMoment(gateway.lastSeenAt, now)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
