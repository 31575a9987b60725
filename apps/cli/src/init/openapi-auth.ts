import type { JsonValue } from "@perch/domain";
import { isJsonObject, memberOf } from "./json-object.ts";
import type { OpenApiSource } from "./openapi-source.ts";

/** The name under which the agent finds the secret that an operation asks for: `env:API_KEY` for the scheme `apiKey`. */
export function authRefOf(operation: JsonValue, source: OpenApiSource, note: (text: string) => void): string | null {
  const own = memberOf(operation, "security");
  const security = own ?? memberOf(source.documents.get(source.root), "security");
  if (!Array.isArray(security)) return null;
  const alternatives = security.filter(isJsonObject).map((requirement) => Object.keys(requirement));
  // An empty alternative says that it goes without.
  if (alternatives.some((schemes) => schemes.length === 0)) return null;
  const [schemes] = alternatives;
  const [scheme] = schemes ?? [];
  if (schemes === undefined || scheme === undefined) return null;
  if (schemes.length > 1) note(`needs ${schemes.join(" and ").slice(0, 200)}; its auth names only the first`);
  return `env:${variableName(scheme)}`;
}

function variableName(scheme: string): string {
  const name = scheme
    .slice(0, 100)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toUpperCase();
  return name === "" ? "API_TOKEN" : name.replace(/^(?=\d)/, "_");
}
