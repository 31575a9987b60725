import { expect, test } from "vitest";
import { wasSilent } from "./was-silent.ts";

const STRETCH = { from: 1000, to: 1300, since: 400 };
const every = (gap: number, from: number, to: number): readonly number[] =>
  Array.from({ length: Math.floor((to - from) / gap) + 1 }, (_, i) => from + i * gap);

test("an arm that is heard of all the time was not silent", () => {
  expect(wasSilent(every(5, 700, 1400), STRETCH)).toBe(false);
});

test("a gap many times as long as usual is a silence, if it is a good part of the stretch and lies in it", () => {
  expect(wasSilent([...every(5, 700, 1000), ...every(5, 1101, 1400)], STRETCH)).toBe(true);
  expect(wasSilent([...every(5, 700, 1000), ...every(5, 1099, 1400)], STRETCH)).toBe(false);
  expect(wasSilent([...every(5, 700, 1200), ...every(5, 1350, 1400)], STRETCH)).toBe(true);
  expect(wasSilent([...every(5, 400, 700), ...every(5, 900, 1400)], STRETCH)).toBe(false);
  expect(wasSilent([...every(5, 700, 1300), ...every(5, 1500, 1600)], STRETCH)).toBe(false);
});

test("an arm that was silent when the stretch began was silent, however long before that", () => {
  expect(wasSilent([...every(5, 700, 800), ...every(5, 1010, 1400)], STRETCH)).toBe(true);
  expect(wasSilent(every(5, 1200, 1400), STRETCH)).toBe(true);
  expect(wasSilent(every(5, 1010, 1400), STRETCH)).toBe(true);
  expect(wasSilent(every(5, 1010, 1400), { ...STRETCH, since: 1000 })).toBe(false);
});

test("an arm that is seldom heard of was not silent because it was not heard of", () => {
  expect(wasSilent(every(250, 0, 2000), STRETCH)).toBe(false);
});

test("where too little was heard to tell how often it usually is, a gap of a third is a silence", () => {
  expect(wasSilent([], STRETCH)).toBe(true);
  expect(wasSilent([1050, 1400], STRETCH)).toBe(true);
  expect(wasSilent([920, 1090, 1180], { ...STRETCH, to: 1240 })).toBe(true);
  expect(wasSilent([970, 1040, 1110], { ...STRETCH, to: 1240, since: 900 })).toBe(true);
  expect(wasSilent([1000, 1040, 1080], { ...STRETCH, to: 1120, since: 950 })).toBe(false);
});
