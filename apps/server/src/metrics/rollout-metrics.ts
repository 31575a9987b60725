import { registerGauge, type Sample } from "@perch/adapters/prometheus";
import { canaryWeightBp, judgeStep, type GateReport } from "@perch/domain";
import type { Registry } from "prom-client";
import type { HeldRollout } from "../controller/book.ts";
import type { Figures } from "./figures.ts";

type Labels = Readonly<Record<string, string>>;

/** Where rollouts stand, what their gates say, and who has not heard of it yet. Of each agent its last rollout. */
export function registerRolloutMetrics(registry: Registry, figures: () => Figures | null): void {
  const gauge = (
    name: string,
    [help, ...labelNames]: readonly [string, ...string[]],
    read: (seen: Figures) => readonly Sample[],
  ): void =>
    registerGauge(registry, { name: `perch_server_${name}`, help, labelNames }, () => {
      const seen = figures();
      return seen === null ? [] : read(seen);
    });
  const ofRollouts = ({ rollouts }: Figures, read: (held: HeldRollout, labels: Labels) => readonly Sample[]) =>
    rollouts.flatMap((held) => read(held, { agent: held.rollout.plan.agent, rollout: held.rollout.id }));
  const ofGates = (seen: Figures, read: (report: GateReport) => number) =>
    ofRollouts(seen, (held, labels) =>
      reportsOf(held).map((report) => ({ labels: { ...labels, gate: report.gate.name }, value: read(report) })),
    );

  gauge("gateways", ["Gateways by how they stand to the present table.", "sync"], ({ gateways }) => {
    const by = Map.groupBy(gateways, ({ sync }) => sync);
    return SYNCS.map((sync) => ({ labels: { sync }, value: by.get(sync)?.length ?? 0 }));
  });
  gauge("agent_killed", ["1 while a person has switched the agent off.", "agent"], ({ agents }) =>
    agents.map(({ agent, kill }) => ({ labels: { agent }, value: kill === null ? 0 : 1 })),
  );
  gauge("rollout_phase", ["1 for the phase that the rollout is in.", "agent", "rollout", "phase"], (seen) =>
    ofRollouts(seen, ({ rollout }, labels) => [{ labels: { ...labels, phase: rollout.phase.kind }, value: 1 }]),
  );
  gauge("rollout_phase_since_timestamp_seconds", ["When that phase began.", "agent", "rollout"], (seen) =>
    ofRollouts(seen, ({ rollout }, labels) => [{ labels, value: rollout.phaseSince / 1000 }]),
  );
  gauge("rollout_weight_ratio", ["Share of new sessions that go to the canary.", "agent", "rollout"], (seen) =>
    ofRollouts(seen, ({ rollout }, labels) => [{ labels, value: canaryWeightBp(rollout) / 10_000 }]),
  );
  gauge("gate_log_evidence", ["ln E of the gate's harm.", "agent", "rollout", "gate"], (seen) =>
    ofGates(seen, ({ logE }) => logE),
  );
  gauge("gate_log_evidence_limit", ["ln E from which the gate rejects.", "agent", "rollout", "gate"], (seen) =>
    ofGates(seen, ({ rejectAtLogE }) => rejectAtLogE),
  );
  gauge("gate_verdict", ["1 for the gate's present verdict.", "agent", "rollout", "gate", "verdict"], (seen) =>
    ofRollouts(seen, (held, labels) =>
      reportsOf(held).map(({ gate, verdict }) => ({
        labels: { ...labels, gate: gate.name, verdict: verdict.kind },
        value: 1,
      })),
    ),
  );
}

const SYNCS = ["Synced", "Pending", "Stale", "Fenced"] as const;

function reportsOf({ rollout, evidence }: HeldRollout): readonly GateReport[] {
  return evidence === null ? [] : judgeStep(evidence.board, rollout).reports;
}
