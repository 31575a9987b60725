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
import { PageHeader } from "./page-header.tsx";
import { describePhase } from "./phase-words.ts";
import { pickRollout } from "./pick-rollout.ts";
import { ResultPanel } from "./result-panel.tsx";
import { SessionsPanel } from "./sessions-panel.tsx";
import { TimelinePanel } from "./timeline-panel.tsx";
import { WeightPanel } from "./weight-panel.tsx";

/** The one page: follows the server and shows what it said last. */
export function RolloutPage() {
  return <RolloutPageBody connection={useOverview()} />;
}

export function RolloutPageBody({ connection }: { readonly connection: Connection }) {
  if (connection.kind === "connecting" || connection.kind === "unreachable") {
    return (
      <div class="page">
        <PageHeader overview={null} rollout={null} connection={connection} onPick={() => undefined} />
        <ConnectionBar connection={connection} />
      </div>
    );
  }
  return <LivePage connection={connection} overview={connection.overview} />;
}

function LivePage({ connection, overview }: { readonly connection: Connection; readonly overview: Overview }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const rollout = pickRollout(overview.rollouts, chosen);
  const title = rollout === null ? "Perch" : `${describePhase(rollout.phase).label} · ${rollout.name} · Perch`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div class={connection.kind === "lost" ? "page page--stale" : "page"}>
      <PageHeader overview={overview} rollout={rollout} connection={connection} onPick={setChosen} />
      <ConnectionBar connection={connection} />
      {overview.notice !== "" && <Notice text={overview.notice} />}
      {rollout?.isSynthetic === true && <Notice text="Replayed sessions: their clocks are synthetic." />}
      {rollout === null ? (
        <EmptyState gateways={overview.gateways} now={overview.at} />
      ) : (
        <main class="content">
          <ResultPanel rollout={rollout} />
          <WeightPanel rollout={rollout} />
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
