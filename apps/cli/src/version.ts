import { readFileSync } from "node:fs";

/** Of this program. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const value: unknown = JSON.parse(text);
  const found = typeof value === "object" && value !== null && "version" in value ? value.version : null;
  return typeof found === "string" ? found : "unknown";
}
