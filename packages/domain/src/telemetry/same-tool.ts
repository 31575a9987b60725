import type { Span } from "./span.ts";

/**
 * Whether two tool spans, one inside the other, are one call: of the same name, but for the server's name that agents
 * put before the names of MCP tools.
 */
export function isSameTool(outer: Span, inner: Span): boolean {
  const name = inner.tool?.name;
  const outerName = outer.tool?.name;
  if (name === undefined || outerName === undefined) return false;
  if (name === outerName) return true;
  const isOfMcp = inner.dialect === "mcp" || inner.dialect === "openllmetry";
  return isOfMcp && outerName.endsWith(name) && /[_./:-]$/.test(outerName.slice(0, -name.length));
}
