import { type Appraisal, type AppraisalState, type AppraisalStore, type Score, type SpokenWords } from "@perch/domain";

type Entry = {
  readonly appraisal: Appraisal;
  readonly state: AppraisalState;
  readonly outcome: Parameters<AppraisalStore["settle"]>[1] | null;
  readonly scores: readonly Score[];
  readonly changedAt: number;
};
type Call = { readonly appraisal: string; readonly scorer: string; readonly at: number; usd: number };

/** Keeps everything in the process. */
export function createMemoryAppraisalStore(): AppraisalStore {
  const words = createWords();
  const entries = new Map<string, Entry>();
  const calls: Call[] = [];
  return {
    ...words.interface,
    ...appraisalsIn(entries, calls),
    forgetBefore(moments) {
      words.forgetBefore(moments.words);
      for (const [id, { state, changedAt }] of entries)
        if (state === "settled" && changedAt < moments.appraisals) entries.delete(id);
      calls.splice(0, calls.length, ...calls.filter(({ at }) => at >= moments.calls));
    },
    close: () => undefined,
  };
}

function createWords() {
  const words = new Map<string, { readonly spoken: SpokenWords; readonly at: number }>();
  return {
    forgetBefore(moment: number): void {
      for (const [key, { at }] of words) if (at < moment) words.delete(key);
    },
    interface: {
      keepWords(all, at) {
        for (const spoken of all) words.set(`${spoken.traceId} ${spoken.spanId}`, { spoken, at });
      },
      wordsOf: (traceIds) =>
        [...words]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([, { spoken }]) => (traceIds.includes(spoken.traceId) ? [spoken] : [])),
      forgetWords(traceIds) {
        for (const [key, { spoken }] of words) if (traceIds.includes(spoken.traceId)) words.delete(key);
      },
    } satisfies Pick<AppraisalStore, "keepWords" | "wordsOf" | "forgetWords">,
  };
}

function appraisalsIn(
  entries: Map<string, Entry>,
  calls: Call[],
): Omit<AppraisalStore, "keepWords" | "wordsOf" | "forgetWords" | "forgetBefore" | "close"> {
  const inState = (state: AppraisalState): readonly Entry[] =>
    [...entries.values()].filter((entry) => entry.state === state).toSorted(byDue);
  const change = (id: string, by: (entry: Entry) => Partial<Entry>): void => {
    const entry = entries.get(id);
    if (entry !== undefined) entries.set(id, { ...entry, ...by(entry) });
  };
  return {
    add(appraisal) {
      if (entries.has(appraisal.id)) return;
      entries.set(appraisal.id, { appraisal, state: "waiting", outcome: null, scores: [], changedAt: appraisal.dueAt });
    },
    stateOf: (id) => entries.get(id)?.state ?? null,
    waiting: () => inState("waiting").map(({ appraisal }) => appraisal),
    beginAttempt(id, { at, nextAt, usd }) {
      change(id, ({ appraisal }) => ({ appraisal: { ...appraisal, attempts: appraisal.attempts + 1, nextAt } }));
      const scorer = entries.get(id)?.appraisal.scorer;
      if (scorer !== undefined) calls.push({ appraisal: id, scorer, at, usd });
    },
    correctCost(id, usd) {
      const last = calls.findLast(({ appraisal }) => appraisal === id);
      if (last !== undefined) last.usd = usd;
    },
    postpone: (id, nextAt) => change(id, ({ appraisal }) => ({ appraisal: { ...appraisal, nextAt } })),
    answer: (id, scores, at) =>
      change(id, ({ state }) => (state === "waiting" ? { state: "answered", scores, changedAt: at } : {})),
    answered: () =>
      inState("answered").map(({ appraisal: { id, agent, session }, scores }) => ({
        id,
        scores,
        key: { agent, session },
      })),
    settle: (id, outcome, at) => change(id, () => ({ state: "settled", outcome, scores: [], changedAt: at })),
    spent(scorer, since) {
      const own = calls.filter((call) => call.scorer === scorer && call.at >= since);
      return { calls: own.length, usd: own.reduce((sum, { usd }) => sum + usd, 0) };
    },
    outcomes() {
      const byScorer = Map.groupBy(entries.values(), ({ appraisal }) => appraisal.scorer);
      return new Map([...byScorer].map(([scorer, own]) => [scorer, countsOf(own)]));
    },
  };
}

function countsOf(entries: readonly Entry[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of entries) counts[outcome ?? "waiting"] = (counts[outcome ?? "waiting"] ?? 0) + 1;
  return counts;
}

function byDue(a: Entry, b: Entry): number {
  return a.appraisal.dueAt - b.appraisal.dueAt || (a.appraisal.id < b.appraisal.id ? -1 : 1);
}
