import type { Span, TurnRecord } from "@perch/domain";
import { namesTool } from "../controller/release-policies.ts";
import type { Core, ServerDeps } from "../create-server.ts";
import { OPEN_GATE } from "./ingest-gate.ts";
import { createIntake, type Intake } from "./intake.ts";

/** The ways into a server: whoever has to hear of what comes in does. */
export function openIntake(
  { book, assembler, judging, attribution, transactions, figures, turnCounts, controller, known }: Core,
  { traces, sentiment, now, settings, ingestGate = OPEN_GATE }: ServerDeps,
): Intake {
  const noteTurns = (turns: readonly TurnRecord[]): void => {
    assembler.noteTurns(turns);
    judging.noteTurns(turns);
    figures.noteTurns(turns);
  };
  const noteSpans = (spans: readonly Span[]): void => assembler.noteSpans(spans);
  return createIntake({
    store: traces.store,
    assembler: { noteTurns, noteSpans },
    onTurns: (turns) => {
      turnCounts.note(turns);
      controller.noteTurns();
    },
    onShadowTurns: (turns) => figures.noteTurns(turns),
    onRawSpans: (spans) => judging.noteSpans(spans),
    sentiment,
    attribution,
    transactions,
    now,
    gate: ingestGate,
    isDeclaredTool: (tool) => namesTool(tool, book),
    contentCharacters: settings.contentCharacters ?? 0,
    checksOf: (tool) => known.checksOf(tool),
  });
}
