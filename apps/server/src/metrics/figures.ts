import type { AttributionView, GatewayView } from "@perch/api";
import type { AgentRecord, Rollout } from "@perch/domain";
import type { CollectorCounters } from "../collector/counters.ts";
import type { HeldRollout } from "../controller/book.ts";

/** What a server that leads can be counted by, read when somebody asks. */
export type Figures = {
  readonly epoch: number;
  readonly counters: CollectorCounters;
  readonly attribution: AttributionView;
  /** Sessions that have begun and are not mature. */
  readonly openSessions: number;
  readonly gateways: readonly GatewayView[];
  readonly agents: readonly AgentRecord[];
  /** The last rollout of each agent. */
  readonly rollouts: readonly HeldRollout[];
};

export type FiguresDeps = {
  readonly epoch: number;
  readonly intake: { readonly counters: CollectorCounters; readonly attribution: { view(): AttributionView } };
  readonly assembler: { openCount(): number };
  readonly hub: { views(): readonly GatewayView[] };
  readonly book: {
    agents(): readonly AgentRecord[];
    rollouts(): readonly Rollout[];
    held(id: string): HeldRollout | null;
  };
};

export function figuresOf({ epoch, intake, assembler, hub, book }: FiguresDeps): Figures {
  const last = new Map(book.rollouts().map(({ plan, id }) => [plan.agent, id]));
  return {
    epoch,
    counters: intake.counters,
    attribution: intake.attribution.view(),
    openSessions: assembler.openCount(),
    gateways: hub.views(),
    agents: book.agents(),
    rollouts: [...last.values()].flatMap((id) => book.held(id) ?? []),
  };
}
