import { fieldOf } from "../http1/fields.ts";
import type { AgentAnswer } from "../http1/parse-answer.ts";
import type { AnswerSink, Brake } from "./answer-sink.ts";
import type { AnswerHead } from "./client-turn.ts";
import type { Exchange } from "./exchange.ts";
import { answerLines, passedTrailers, withoutLength } from "./headers.ts";

export type ClientSink = AnswerSink & { interim(answer: AgentAnswer): void };

/** An agent's answer on its way to the client, its last byte held back until its record is kept. */
export function createClientSink(
  exchange: Exchange,
  brake: Pick<Brake, "pause">,
  { tick }: { readonly tick: () => number },
): ClientSink {
  const { turn, startedTick, ownLines } = exchange.forwarding;
  return {
    interim(answer) {
      if (!exchange.isOver) turn.interim(headOf(answer, ""));
    },
    begin(answer) {
      if (exchange.isOver) return;
      exchange.status = answer.status;
      exchange.endsSession = fieldOf(answer.fields, "x-perch-session-end") === "1";
      turn.begin(headOf(answer, ownLines));
    },
    data(pieces) {
      if (exchange.isOver) return;
      exchange.firstByteMs ??= tick() - startedTick;
      for (const piece of pieces) exchange.responseBytes += piece.byteLength;
      turn.data(pieces);
    },
    flush() {
      if (!exchange.isOver && !turn.flush()) brake.pause();
    },
    end(trailers) {
      if (exchange.isOver) return;
      exchange.firstByteMs ??= tick() - startedTick;
      const passed = passedTrailers(trailers);
      exchange.end(null, () => turn.end(passed));
    },
    broken: (then) => then(),
  };
}

function headOf(answer: AgentAnswer, ownLines: string): AnswerHead {
  const { status, reason, framing, fields } = answer;
  const kept = status === 204 || status < 200 ? withoutLength(fields) : fields;
  return { status, reason, framing, lines: answerLines(kept) + ownLines };
}
