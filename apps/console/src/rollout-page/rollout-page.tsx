import type { Overview } from "@perch/api";
import { useEffect, useState } from "preact/hooks";
import type { Connection } from "../live/connection.ts";
import { useOverview } from "../live/use-overview.ts";
import { ArmsPanel } from "./arms-panel.tsx";
import { ConnectionBar } from "./connection-bar.tsx";
import { EmptyState } from "./empty-state.tsx";
import { GateCard } from "./gate-card.tsx";
import { GatewaysPanel } from "./gateways-panel.tsx";
import { Icon } from "./icon.tsx";
import { KilledBar } from "./kill-switch.tsx";
import { PageHeader } from "./page-header.tsx";
import { describeStanding } from "./phase-words.ts";
import { pickRollout } from "./pick-rollout.ts";
import { ResultPanel } from "./result-panel.tsx";
import { SessionsPanel } from "./sessions-panel.tsx";
import { TimelinePanel } from "./timeline-panel.tsx";
import { WeightPanel } from "./weight-panel.tsx";

/** The one page: follows the server and shows what it said last. `/#<rollout id>` opens on that rollout. */
export function RolloutPage({ linked }: { readonly linked: string | null }) {
  return <RolloutPageBody connection={useOverview()} linked={linked} />;
}

type RolloutPageBodyProps = { readonly connection: Connection; readonly linked: string | null };

export function RolloutPageBody({ connection, linked }: RolloutPageBodyProps) {
  if (connection.kind === "connecting" || connection.kind === "unreachable") {
    return (
      <div class="page">
        <PageHeader overview={null} rollout={null} connection={connection} onPick={() => undefined} />
        <ConnectionBar connection={connection} />
      </div>
    );
  }
  return <LivePage connection={connection} overview={connection.overview} linked={linked} />;
}

type LivePageProps = RolloutPageBodyProps & { readonly overview: Overview };

function LivePage({ connection, overview, linked }: LivePageProps) {
  const [chosen, setChosen] = useState(linked);
  const pick = (rollout: string | null): void => {
    setChosen(rollout);
    history.replaceState(null, "", rollout === null ? location.pathname : `#${rollout}`);
  };
  const rollout = pickRollout(overview.rollouts, chosen);
  const title = rollout === null ? "Perch" : `${describeStanding(rollout).label} · ${rollout.name} · Perch`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div class={connection.kind === "lost" ? "page page--stale" : "page"}>
      <PageHeader overview={overview} rollout={rollout} connection={connection} onPick={pick} />
      <ConnectionBar connection={connection} />
      {overview.killed.map((killed) => (
        <KilledBar key={killed.agent} killed={killed} />
      ))}
      {overview.notice !== "" && <Notice text={overview.notice} />}
      {rollout?.isSynthetic === true && <Notice text="Replayed sessions: their clocks are synthetic." />}
      {rollout === null ? (
        <EmptyState gateways={overview.gateways} now={overview.at} />
      ) : (
        <main class="content">
          <ResultPanel rollout={rollout} />
          <WeightPanel rollout={rollout} now={overview.at} />
          <div class="columns">
            <section class="gates" aria-labelledby="gates-title">
              <h2 id="gates-title">Gates</h2>
              {rollout.gates.length === 0 && <p class="quiet-note">This rollout has no gates: nothing can stop it.</p>}
              {rollout.gates.map((gate) => (
                <GateCard key={gate.name} gate={gate} isCulprit={rollout.culprits.includes(gate.name)} />
              ))}
            </section>
            <div class="side">
              <ArmsPanel rollout={rollout} />
              <TimelinePanel rollout={rollout} now={overview.at} />
              <GatewaysPanel gateways={overview.gateways} now={overview.at} />
            </div>
          </div>
          <SessionsPanel rollout={rollout} sessions={overview.recentSessions} now={overview.at} />
        </main>
      )}
    </div>
  );
}

function Notice({ text }: { readonly text: string }) {
  return (
    <p class="notice" data-testid="notice">
      <Icon name="info" />
      <span>{text}</span>
    </p>
  );
}
