import { parseLinearPattern, type PatternNode } from "./parse-linear-pattern.ts";

/** One step of an automaton. `jump` goes to all of its places at once. */
type Step =
  | { readonly kind: "character"; readonly fits: (character: string) => boolean }
  | { readonly kind: "edge"; readonly fits: (before: string, after: string) => boolean }
  | { readonly kind: "jump"; readonly to: readonly number[] }
  | { readonly kind: "match" };

/**
 * A test whether a pattern fits somewhere in a text, which has to be in lower case. All ways to match are followed at the
 * same time (K. Thompson, "Regular expression search algorithm", 1968), so no text makes it slow: at most the length of the
 * pattern for each character. Throws `RoutingError` `rule_malformed`.
 */
export function createLinearPattern(pattern: string): (text: string) => boolean {
  const steps: Step[] = [];
  emit(parseLinearPattern(pattern), steps);
  steps.push({ kind: "match" });
  return (text) => isFound(steps, Array.from(text));
}

function emit(node: PatternNode, steps: Step[]): void {
  switch (node.kind) {
    case "character":
    case "edge":
      steps.push(node);
      return;
    case "sequence":
      for (const part of node.parts) emit(part, steps);
      return;
    case "choice":
      emitChoice(node.parts, steps);
      return;
    case "repeat":
      emitRepeat(node, steps);
  }
}

function emitChoice(parts: readonly PatternNode[], steps: Step[]): void {
  const fork = steps.push({ kind: "jump", to: [] }) - 1;
  const starts: number[] = [];
  const ends: number[] = [];
  for (const part of parts) {
    starts.push(steps.length);
    emit(part, steps);
    ends.push(steps.push({ kind: "jump", to: [] }) - 1);
  }
  steps[fork] = { kind: "jump", to: starts };
  for (const end of ends) steps[end] = { kind: "jump", to: [steps.length] };
}

function emitRepeat({ mark, part }: Extract<PatternNode, { kind: "repeat" }>, steps: Step[]): void {
  const fork = steps.push({ kind: "jump", to: [] }) - 1;
  emit(part, steps);
  if (mark !== "?") steps.push({ kind: "jump", to: [fork + 1, steps.length + 1] });
  steps[fork] = { kind: "jump", to: mark === "+" ? [fork + 1] : [fork + 1, steps.length] };
}

function isFound(steps: readonly Step[], characters: readonly string[]): boolean {
  let before = "";
  let waiting: readonly number[] = [];
  for (let at = 0; at <= characters.length; at += 1) {
    const character = characters[at] ?? "";
    const reached = reachable(steps, [0, ...waiting], { before, after: character });
    if (reached === "match") return true;
    const fitting = reached.filter((index) => {
      const step = steps[index];
      return character !== "" && step?.kind === "character" && step.fits(character);
    });
    waiting = fitting.map((index) => index + 1);
    before = character;
  }
  return false;
}

/** Every step that waits for a character at this place; "match" when the end of the pattern is reached. */
function reachable(
  steps: readonly Step[],
  from: readonly number[],
  { before, after }: { before: string; after: string },
): "match" | readonly number[] {
  const seen = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const step = steps[index];
    if (step?.kind === "match") return "match";
    if (step?.kind === "jump") open.push(...step.to);
    if (step?.kind === "edge" && step.fits(before, after)) open.push(index + 1);
  }
  return [...seen];
}
