import { CliError } from "../cli-error.ts";

// A backslash stands for itself, as in Windows paths, unless a quote, a blank or another one follows.
const PIECE = /\\["'\\\s]|\\|"(?:\\["\\]|[^"])*"|'[^']*'|[^\s"'\\]+/g;

/** Splits a command line into its words as a shell does: quotes and backslashes, and nothing else of a shell. */
export function splitCommand(text: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let end = -1;
  let rest = "";
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    if (index === end) words.push(`${words.pop() ?? ""}${unquoted(piece)}`);
    else words.push(unquoted(piece));
    rest += text.slice(Math.max(end, 0), index);
    end = index + piece.length;
  }
  const [program, ...args] = words;
  const isWhole = (rest + text.slice(Math.max(end, 0))).trim() === "";
  if (isWhole && program !== undefined && program !== "") return [program, ...args];
  throw new CliError({
    code: "input_invalid",
    message: `found ${isWhole ? "no program" : "a quote without its end"} in ${JSON.stringify(text.slice(0, 200))}, expected a URL or a command line`,
    hint: 'give a server\'s URL or the command that starts it: --tools-from-mcp "node server.mjs"',
  });
}

function unquoted(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith('"')) return piece.slice(1, -1).replace(/\\(["\\])/g, "$1");
  return piece.length === 2 && piece.startsWith("\\") ? piece.slice(1) : piece;
}
