/** What a server wants instead of what it got: RFC 9110, 11.6.1. Scheme and parameter names in lower case. */
export type Challenge = { readonly scheme: string; readonly parameters: ReadonlyMap<string, string> };

const LONGEST = 8_192;
const SCHEME = /[!#$%&'*+.^_`|~0-9A-Za-z-]+(?=[\s,]|$)/y;
const SEPARATOR = /[\s,]*/y;
const PARAMETER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))/y;
// A scheme such as Negotiate may be followed by one value without a name.
const TOKEN68 = /\s+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;

/** The challenges of a `WWW-Authenticate` header, up to where it stops making sense. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, LONGEST);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at += match?.[0].length ?? 0;
    return match;
  };
  for (;;) {
    take(SEPARATOR);
    const current = challenges.at(-1);
    const parameter = current === undefined ? null : take(PARAMETER);
    if (current !== undefined && parameter !== null) {
      const [, name = "", quoted, plain = ""] = parameter;
      const key = name.toLowerCase();
      if (!current.parameters.has(key)) current.parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain);
      continue;
    }
    const scheme = take(SCHEME);
    if (scheme === null) return challenges;
    take(TOKEN68);
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters: new Map() });
  }
}
