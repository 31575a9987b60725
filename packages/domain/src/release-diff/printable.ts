/**
 * A text without characters that a terminal acts on or that make it look like another: control characters but the tab, and
 * those that turn the direction of writing or take no room. Each is written as its code.
 */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const HIDDEN = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
