import { styleText } from "node:util";
import type { DiffLine } from "@perch/domain";

const STYLES: Readonly<Record<DiffLine["kind"], Parameters<typeof styleText>[0] | null>> = {
  title: "bold",
  summary: "bold",
  warning: "yellow",
  component: ["bold", "underline"],
  breaking: "red",
  change: null,
  hunk: "cyan",
  context: "dim",
  added: "green",
  removed: "red",
};

/** A line of a description as a terminal shows it in colours. */
export function colouredLine({ kind, text }: DiffLine): string {
  const style = STYLES[kind];
  // Whether there is a terminal has been asked before.
  return style === null ? text : styleText(style, text, { validateStream: false });
}
