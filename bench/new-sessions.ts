import { Agent, request, type IncomingHttpHeaders } from "node:http";

/** Answers of sessions that were never seen before. */
export type Answered = { readonly sentAt: number; readonly headers: IncomingHttpHeaders };

export type NewSessions = {
  readonly answers: Answered[];
  /** Requests without a good answer. */
  failures(): number;
  stop(): Promise<void>;
};

/** Begins so many sessions a second, at one URL after the other, until told to stop. Times are epoch milliseconds. */
export function startNewSessions(urls: readonly string[], perSecond: number): NewSessions {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const answers: Answered[] = [];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let begun = 0;
  let failures = 0;

  function begin(): void {
    begun += 1;
    const url = urls[begun % urls.length] ?? "";
    const session = `new-${process.pid}-${startedAt}-${begun}`;
    const one = ask(url, session, agent).then(
      (answer) => void answers.push(answer),
      () => void (failures += 1),
    );
    open.add(one);
    void one.finally(() => open.delete(one));
  }

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    // A machine that stumbled is not asked for all that it missed at once.
    for (let extra = Math.min(due - begun, 50); extra > 0; extra -= 1) begin();
    begun = Math.max(begun, due);
  }, 2);
  return {
    answers,
    failures: () => failures,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
    },
  };
}

function ask(url: string, session: string, agent: Agent): Promise<Answered> {
  const sentAt = Date.now();
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers: { "x-session-id": session } }, (answer) => {
      answer.resume().once("end", () => {
        if (answer.statusCode === 200) resolve({ sentAt, headers: answer.headers });
        else reject(new Error(`found status ${answer.statusCode}`));
      });
    });
    sent.once("error", reject);
    sent.end('{"message":"hello"}');
  });
}
