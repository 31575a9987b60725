import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLexiconScorer } from "./lexicon-scorer.ts";

const scorer = createLexiconScorer();
const scoreOf = (text: string) => scorer.scoreOf(text);

test("hears thanks as good and a complaint as bad", () => {
  expect(scoreOf("Thank you, that is wonderful!")).toBeGreaterThan(0.5);
  expect(scoreOf("This is a terrible, useless answer.")).toBeLessThan(-0.5);
});

test("a sentence without a word of feeling is neutral", () => {
  expect(scoreOf("Where is order A-100?")).toBe(0);
  expect(scoreOf("")).toBe(0);
});

test("turns a negated word around, with either apostrophe", () => {
  expect(scoreOf("I am not happy")).toBeLessThan(0);
  expect(scoreOf("I don't like it")).toBeLessThan(0);
  expect(scoreOf("I don\u2019t like it")).toBe(scoreOf("I don't like it"));
});

test("always stays within -1 and 1, whatever is written", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom("good", "bad", "constructor", "not", "hate")).map((w) => w.join(" ")),
      ),
      (text) => {
        const score = scoreOf(text);
        expect(score).toBeGreaterThanOrEqual(-1);
        expect(score).toBeLessThanOrEqual(1);
      },
    ),
  );
});
