import type { z } from "zod";
import { isSecretName, looksSecret, quoteName } from "./secrets.ts";
import type { TextPlace } from "./text-place.ts";

/** One problem of an `agent.yaml`: what was found and what was expected, and the path of names and indexes to it. */
export type SpecProblem = {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Where it is, when that is a file that the path names. */
  readonly at?: TextPlace & { readonly file: string };
};

type Issue = z.core.$ZodIssue;

/** Zod's issues in the words that Perch uses everywhere: what was found, what was expected. */
export function describeIssues(
  issues: readonly Issue[],
  root: unknown,
  documentName = "agent.yaml",
): readonly SpecProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, { root, documentName }, []));
}

type Inspected = { readonly root: unknown; readonly documentName: string };

function describeIssue(issue: Issue, inspected: Inspected, above: readonly PropertyKey[]): readonly SpecProblem[] {
  const { root, documentName } = inspected;
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return nearest(issue.errors).flatMap((inner) => describeIssue(inner, inspected, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: plainPath([...path, key]),
      message: `found field ${quoteName(key)}, which ${path.length === 0 ? documentName : dotted(path)} does not have`,
    }));
  }
  const at = path.length === 0 ? "" : ` at ${dotted(path)}`;
  return [{ path: plainPath(path), message: `found ${found(root, path)}${at}, expected ${expected(issue)}` }];
}

// The alternative that the writer most probably meant: a field that it does not know speaks against it most.
function nearest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const strangeness = (issues: readonly Issue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 10 : 1), 0);
  return alternatives.reduce((best, other) => (strangeness(other) < strangeness(best) ? other : best));
}

function expected(issue: Issue): string {
  if (issue.code === "invalid_type") return withArticle(issue.expected);
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "too_small") return `at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === "too_big") return `at most ${issue.maximum}${unit(issue.origin)}`;
  // The schema's own messages are written to follow "expected".
  return issue.code === "invalid_format" && issue.format === "url" ? "a URL" : issue.message;
}

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

function withArticle(type: string): string {
  if (type === "record") return "an object";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function found(root: unknown, path: readonly PropertyKey[]): string {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return "nothing";
    value = Reflect.get(value, key);
  }
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value !== null && typeof value === "object") return "an object";
  if (typeof value === "string") return shownText(value, path);
  return typeof value === "number" ? `the number ${value}` : JSON.stringify(value);
}

// What stands where a secret is often written by mistake is not repeated either.
function shownText(text: string, path: readonly PropertyKey[]): string {
  if (looksSecret(text)) return "a secret";
  const isSensitive = path.some((name) => typeof name === "string" && (name === "auth" || isSecretName(name)));
  return isSensitive ? "a string" : JSON.stringify(text.slice(0, 80));
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = looksSecret(String(key)) ? "(a secret)" : String(key);
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

function plainPath(path: readonly PropertyKey[]): readonly (string | number)[] {
  return path.map((key) => (typeof key === "symbol" ? key.toString() : key));
}
