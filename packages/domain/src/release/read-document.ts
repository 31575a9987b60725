import { canonicalJson } from "./canonical-json.ts";
import { ReleaseError, type ReleaseProblem } from "./error.ts";
import { RELEASE_LIMITS } from "./limits.ts";
import { readStrictJson } from "./strict-json.ts";

type Kind<T> = {
  /** Names the document in the message. */
  readonly what: string;
  readonly schema: { safeParse(value: unknown): Parsed<T> };
  readonly expected: string;
  readonly hint: string;
  readonly maxBytes?: number;
  /** Whether there is one way to write it, RFC 8785, so that no two documents say the same. */
  readonly isCanonical?: boolean;
};
type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

/** A JSON document of a stored release. Throws `ReleaseError` `layout_invalid` with every problem and its place. */
export function readDocument<T>(bytes: Uint8Array, kind: Kind<T>): T {
  const { maxBytes = RELEASE_LIMITS.manifestBytes } = kind;
  if (bytes.length > maxBytes)
    throw unreadable(kind, [{ message: `found ${bytes.length} bytes, expected at most ${maxBytes}` }]);
  const text = decode(bytes);
  if (text === null) throw unreadable(kind, [{ message: "found bytes that are not UTF-8, expected text" }]);
  const json = readStrictJson(text);
  if (json.kind === "malformed") throw unreadable(kind, json.problems);
  const parsed = kind.schema.safeParse(json.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, RELEASE_LIMITS.problems).map(({ path, message }) => {
      const names = path.map((name) => (typeof name === "symbol" ? name.toString() : name));
      return { message: `${names.join(".")}${names.length === 0 ? "" : ": "}${message}`, ...json.placeOf(names) };
    });
    throw unreadable(kind, problems);
  }
  if (kind.isCanonical === true && canonicalJson(json.value) !== text) {
    throw unreadable(kind, [{ message: "found it written in another way than RFC 8785, expected canonical JSON" }]);
  }
  return parsed.data;
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function unreadable({ what, expected, hint }: Kind<unknown>, problems: readonly ReleaseProblem[]): ReleaseError {
  const [first] = problems;
  const where = first?.line === undefined ? "" : `${first.line}:${first.column ?? 1} `;
  const message = `found ${what} that cannot be read (${where}${first?.message ?? "empty"}), expected ${expected}`;
  return new ReleaseError({ code: "layout_invalid", message, hint, problems });
}
