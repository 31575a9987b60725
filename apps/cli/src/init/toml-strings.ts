/** Strings of a TOML file by table and key: enough of TOML to find what a project depends on. Never throws. */
export type TomlStrings = readonly {
  /** Name of the table, such as `project` or `package`; every `[[package]]` is a table of its own. */
  readonly table: string;
  /** What `key = …` holds: each string in it, in order, with the key that stands before it in an inline table. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}[];

const HEADER = /^\s*\[\[?([^\]]*)\]\]?\s*(?:#.*)?$/;
const ASSIGNMENT = /^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=\s*(.*)$/;
// A comment, or a string on one line; triple quotes hold prose, never names or versions.
const TOKEN = /#.*|"""|'''|"((?:\\.|[^"\\])*)"|'([^']*)'|[[\]]/g;

export function readTomlStrings(text: string): TomlStrings {
  const tables: { table: string; values: Map<string, string[]> }[] = [{ table: "", values: new Map() }];
  let open: { strings: string[]; depth: number } | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (open !== null) {
      open.depth += addStrings(line, open.strings);
      if (open.depth <= 0) open = null;
      continue;
    }
    const [, header] = HEADER.exec(line) ?? [];
    if (header !== undefined) {
      tables.push({ table: header.replaceAll(/["'\s]/g, ""), values: new Map() });
      continue;
    }
    const [, key, rest] = ASSIGNMENT.exec(line) ?? [];
    if (key === undefined || rest === undefined) continue;
    const strings: string[] = [];
    const depth = addStrings(rest, strings);
    tables.at(-1)?.values.set(key.replaceAll(/["']/g, ""), strings);
    if (depth > 0) open = { strings, depth };
  }
  return tables;
}

/** Adds the strings of a line and gives by how many brackets it opens more than it closes. */
function addStrings(line: string, strings: string[]): number {
  let depth = 0;
  for (const [token, basic, literal] of line.matchAll(TOKEN)) {
    const text = basic ?? literal;
    if (text !== undefined) strings.push(text);
    else if (token === "[") depth += 1;
    else if (token === "]") depth -= 1;
  }
  return depth;
}
