import { parseAgentName } from "../routing/ids.ts";

export function isAgentName(text: string): boolean {
  try {
    parseAgentName(text);
    return true;
  } catch {
    return false;
  }
}
