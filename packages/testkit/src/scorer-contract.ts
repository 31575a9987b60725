import { parseAgentName, type Scorer, type ScorerSubject, type SubjectTurn } from "@perch/domain";
import { expect, test } from "vitest";

/** A session of one contented turn. */
export function aSubject(turn: Partial<SubjectTurn> = {}): ScorerSubject {
  const calm = {
    user: "Thank you, that is wonderful!",
    answer: "You are welcome.",
    userSentiment: 0.5,
    tools: [{ name: "lookup_order", failed: false }],
    failed: false,
    durationMs: 20,
  };
  return { id: "sha256:appraisal-1", agent: parseAgentName("support"), turns: [{ ...calm, ...turn }] };
}

/** What every scorer promises. It has to score `aSubject()`. */
export function describeScorer(create: () => Scorer): void {
  test("says who it is, and gives finite numbers under a name", async () => {
    const scorer = create();
    expect([scorer.name, scorer.version].every((text) => text.length > 0)).toBe(true);
    const answer = await scorer.score(aSubject());
    const scores = answer.kind === "scored" ? answer.scores : [];
    expect(scores.length).toBeGreaterThan(0);
    expect(scores.every(({ name, value }) => name !== "" && Number.isFinite(value))).toBe(true);
  });

  test("says the same of the same session, and leaves it as it is", async () => {
    const [scorer, subject] = [create(), aSubject()];
    expect(await scorer.score(subject)).toEqual(await scorer.score(subject));
    expect(subject).toEqual(aSubject());
  });

  test("has an answer also for a session of which nothing is known", async () => {
    const empty = { user: null, answer: null, userSentiment: null, tools: [], failed: true };
    const answers = [await create().score(aSubject(empty)), await create().score({ ...aSubject(), turns: [] })];
    expect(answers.every(({ kind }) => kind === "scored" || kind === "unscored")).toBe(true);
  });
}
