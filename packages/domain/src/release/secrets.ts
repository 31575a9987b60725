import { SECRET_SHAPES } from "./secret-shapes.ts";
import type { SpecProblem } from "./spec-problem.ts";

// Names that hold a secret's value wherever they occur. `auth: { ref: … }` is how a release points at one.
const SECRET_NAMES = new Set(["password", "passwd", "passphrase", "secret", "token", "credential", "credentials"]);
const SECRET_ENDINGS = [
  "api_key",
  "apikey",
  "access_key",
  "account_key",
  "private_key",
  "secret_key",
  "signing_key",
  "client_secret",
  "app_secret",
  "webhook_secret",
  "password",
  "passphrase",
  "connection_string",
  "access_token",
  "auth_token",
  "api_token",
  "bearer_token",
  "refresh_token",
  "session_token",
  "authorization",
];

/** Whose secret a text has the shape of, such as `a GitHub token`; null for a harmless one. */
export function secretShape(text: string): string | null {
  return SECRET_SHAPES.find(({ pattern }) => pattern.test(text))?.name ?? null;
}

export function looksSecret(text: string): boolean {
  return secretShape(text) !== null;
}

/** A name as messages show it: one that is a secret itself is not repeated. */
export function quoteName(name: string): string {
  return looksSecret(name) ? "(a secret)" : JSON.stringify(name.length > 100 ? `${name.slice(0, 99)}…` : name);
}

/** Every value in a parsed document that is a secret by its name or by its shape. Values never enter the messages. */
export function findSecrets(value: unknown, path: readonly (string | number)[] = []): readonly SpecProblem[] {
  if (typeof value === "string") {
    const shape = secretShape(value);
    return shape === null ? [] : [secretAt(path, `a value with the shape of a key or token (${shape})`)];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (looksSecret(name)) return [secretAt(path, "a field whose name has the shape of a key or token")];
    if (isSecretName(name) && isPlainValue(member)) {
      return [secretAt([...path, name], `a value for ${quoteName(name)}`)];
    }
    return findSecrets(member, [...path, name]);
  });
}

function secretAt(path: readonly (string | number)[], found: string): SpecProblem {
  return { path, message: `found ${found}, expected no secrets: refer to one with auth: { ref: NAME }` };
}

// A JSON Schema may well describe a property named "token": only plain values are secrets.
function isPlainValue(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || typeof value === "number";
}

/** True for names such as `password` and `OPENAI_API_KEY`, whose values are secrets whatever they look like. */
export function isSecretName(name: string): boolean {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[-.\s]+/g, "_")
    .toLowerCase();
  return SECRET_NAMES.has(snake) || SECRET_ENDINGS.some((ending) => snake === ending || snake.endsWith(`_${ending}`));
}
