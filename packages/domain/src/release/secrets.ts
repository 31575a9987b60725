import type { SpecProblem } from "./spec-problem.ts";

// Names that hold a secret's value wherever they occur. `auth: { ref: … }` is how a release points at one.
const SECRET_NAMES = new Set(["password", "passwd", "passphrase", "secret", "token", "credential", "credentials"]);
const SECRET_ENDINGS = [
  "api_key",
  "apikey",
  "access_key",
  "private_key",
  "secret_key",
  "client_secret",
  "password",
  "access_token",
  "auth_token",
  "api_token",
  "bearer_token",
  "refresh_token",
  "authorization",
];

const SECRET_SHAPES: readonly RegExp[] = [
  // OpenAI, Anthropic, Stripe and others; a digit or a good length tells a key from a hyphenated word.
  /(?<![A-Za-z0-9])sk-(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}/,
  /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{24,}/,
  /(?<![A-Za-z0-9])sk_(?:live|test)_[A-Za-z0-9]{8,}/,
  /(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{12,}/,
  /(?<![A-Za-z0-9])gh[opsru]_[A-Za-z0-9]{20,}/,
  /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{20,}/,
  /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}/,
  /(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{30,}/,
  /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

export function looksSecret(text: string): boolean {
  return SECRET_SHAPES.some((shape) => shape.test(text));
}

/** Every value in a parsed document that is a secret by its name or by its shape. Values never enter the messages. */
export function findSecrets(value: unknown, path: readonly (string | number)[] = []): readonly SpecProblem[] {
  if (typeof value === "string" && looksSecret(value))
    return [secretAt(path, "a value with the shape of a key or token")];
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (looksSecret(name)) return [secretAt(path, "a field whose name has the shape of a key or token")];
    if (isSecretName(name) && isPlainValue(member))
      return [secretAt([...path, name], `a value for ${JSON.stringify(name)}`)];
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

function isSecretName(name: string): boolean {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[-.\s]+/g, "_")
    .toLowerCase();
  return SECRET_NAMES.has(snake) || SECRET_ENDINGS.some((ending) => snake === ending || snake.endsWith(`_${ending}`));
}
