import { aSubject, describeScorer } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createSentimentScorer } from "./sentiment-scorer.ts";

describe("the sentiment scorer", () => describeScorer(() => createSentimentScorer("mood")));

test("the mood of a session is the mean over the turns that have one", async () => {
  const turn = aSubject().turns[0];
  const turns = [0.5, null, -1].flatMap((userSentiment) => (turn === undefined ? [] : [{ ...turn, userSentiment }]));
  const answer = await createSentimentScorer("mood").score({ ...aSubject(), turns });
  expect(answer).toMatchObject({ scores: [{ name: "sentiment", value: -0.25 }] });
});
