import type { GatewayView, Overview, RolloutView } from "@perch/api";
import type { Connection } from "../live/connection.ts";
import { Actions } from "./actions.tsx";
import { formatClock } from "./format-time.ts";
import { PerchMark } from "./icon.tsx";
import { KillButton } from "./kill-switch.tsx";
import { describeStanding } from "./phase-words.ts";
import { RolloutSwitcher } from "./rollout-switcher.tsx";

type PageHeaderProps = {
  readonly overview: Overview | null;
  readonly rollout: RolloutView | null;
  readonly connection: Connection;
  readonly onPick: (rollout: string | null) => void;
};

const CONNECTION_WORDS: Record<Connection["kind"], string> = {
  connecting: "connecting",
  unreachable: "no connection",
  live: "live",
  lost: "connection lost",
};

/** What and where: product, agent, rollout, phase, freshness, gateways, and what can be done about it. */
export function PageHeader({ overview, rollout, connection, onPick }: PageHeaderProps) {
  return (
    <header class="header">
      <div class="header-row">
        <p class="brand">
          <PerchMark />
          <span>Perch</span>
        </p>
        {rollout === null ? (
          <h1 class="title">{overview === null ? "Console" : "No rollout"}</h1>
        ) : (
          <h1 class="title">
            <span class="title-agent">{rollout.agent}</span>
            <span class="title-rollout" data-testid="rollout-name">
              {rollout.name}
            </span>
          </h1>
        )}
        {rollout !== null && <PhaseBadge rollout={rollout} />}
        <div class="header-state">
          {overview !== null && overview.rollouts.length > 1 && rollout !== null && (
            <RolloutSwitcher rollouts={overview.rollouts} shown={rollout.id} now={overview.at} onPick={onPick} />
          )}
          {overview !== null && <GatewaySummary gateways={overview.gateways} />}
          <p class={`live live--${connection.kind}`} data-testid="connection" data-state={connection.kind}>
            <span class="live-dot" aria-hidden="true" />
            {CONNECTION_WORDS[connection.kind]}
          </p>
        </div>
      </div>
      {rollout !== null && (
        <Actions key={rollout.id} rollout={rollout}>
          {overview?.killed.every(({ agent }) => agent !== rollout.agent) === true && (
            <KillButton agent={rollout.agent} />
          )}
        </Actions>
      )}
    </header>
  );
}

function PhaseBadge({ rollout }: { readonly rollout: RolloutView }) {
  const words = describeStanding(rollout);
  return (
    <p class="phase" aria-live="polite">
      <span class={`badge badge--${words.tone}`} data-testid="phase" data-phase={rollout.phase} title={words.meaning}>
        {words.label}
      </span>
      <span class="phase-since">since {formatClock(rollout.phaseSince)}</span>
    </p>
  );
}

function GatewaySummary({ gateways }: { readonly gateways: readonly GatewayView[] }) {
  const synced = gateways.filter((gateway) => gateway.sync === "Synced").length;
  const isWhole = synced === gateways.length && gateways.length > 0;
  return (
    <p class={`gateway-summary ${isWhole ? "" : "gateway-summary--off"}`} data-testid="gateways-summary">
      {gateways.length === 0 ? "no gateway connected" : `${synced} of ${gateways.length} gateways synced`}
    </p>
  );
}
