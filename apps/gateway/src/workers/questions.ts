/** Questions that wait for their answers, each for only so long. */
export type Questions<Answer> = {
  /** Null when no answer comes in time. */
  ask(put: (id: number) => void): Promise<Answer | null>;
  answered(id: number, answer: Answer): void;
};

export function createQuestions<Answer>(waitMs: number): Questions<Answer> {
  const waiting = new Map<number, (answer: Answer | null) => void>();
  let last = 0;
  return {
    ask(put) {
      last += 1;
      const id = last;
      return new Promise((resolve) => {
        const settle = (answer: Answer | null): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(answer);
        };
        const timer = setTimeout(settle, waitMs, null);
        waiting.set(id, settle);
        put(id);
      });
    },
    answered: (id, answer) => waiting.get(id)?.(answer),
  };
}
