import type { Fields } from "../http1/fields.ts";
import { fieldOf } from "../http1/fields.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import type { ResponseTap } from "./response-tap.ts";

/** Takes an answer piece by piece, in order. */
export type AnswerSink = {
  begin(answer: ReadyAnswer): void;
  data(pieces: readonly Buffer[]): void;
  flush(): void;
  end(trailers: Fields): void;
  /** It breaks off here. */
  broken(then: () => void): void;
};

export type Brake = { pause(): void; resume(): void };

/**
 * The same answer, each piece of it shown to the tap first. While the tap takes its time, the agent waits too. A tap that
 * fails is told of, and holds nothing up: the answer is the user's.
 */
export function tapped(
  sink: AnswerSink,
  tap: ResponseTap,
  { brake, onFault }: { readonly brake: Brake; readonly onFault: (error: unknown) => void },
): AnswerSink {
  let waiting: Promise<void> | null = null;

  /** In order behind whatever waits already, at once when nothing does. */
  function pass(look: () => void | Promise<void>, then: () => void): void {
    if (waiting === null) {
      const looked = look();
      if (looked === undefined) {
        then();
        return;
      }
      brake.pause();
      wait(looked.catch(onFault).then(then));
      return;
    }
    wait(waiting.then(look).catch(onFault).then(then));
  }

  function wait(next: Promise<void>): void {
    waiting = next;
    void next.finally(() => {
      if (waiting !== next) return;
      waiting = null;
      sink.flush();
      brake.resume();
    });
  }

  const nothing = (): void => {};
  return {
    begin: (answer) =>
      pass(
        () => tap.head(answer.status, (name) => fieldOf(answer.fields, name)),
        () => sink.begin(answer),
      ),
    data(pieces) {
      for (const piece of pieces)
        pass(
          () => tap.chunk(piece),
          () => sink.data([piece]),
        );
    },
    flush() {
      if (waiting === null) sink.flush();
    },
    end: (trailers) => pass(nothing, () => sink.end(trailers)),
    broken: (then) => pass(nothing, () => sink.broken(then)),
  };
}
