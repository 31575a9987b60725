import { createHash } from "node:crypto";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { Refusal } from "../problem.ts";

export type Handshake =
  /** `lines` accept it; `protocol` is the one that was chosen for it, null when the client offered none. */
  | { readonly kind: "accepted"; readonly lines: string; readonly protocol: string | null }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Accepts a client's handshake (RFC 6455, section 4.2.2) before its agent is known. The agent gets the same key later, so
 * its acceptance is this one; no extension is agreed on, and of the protocols the first one offered.
 */
export function acceptHandshake(fields: Fields): Handshake {
  const key = fieldOf(fields, "sec-websocket-key") ?? "";
  const version = fieldOf(fields, "sec-websocket-version");
  if (version !== "13") return refused(`found WebSocket version ${String(version?.slice(0, 20))}, expected 13`);
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return refused("found no sec-websocket-key of 16 bytes");
  const protocol = fieldOf(fields, "sec-websocket-protocol")?.split(",")[0]?.trim() || null;
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  const chosen = protocol === null ? "" : `sec-websocket-protocol: ${protocol}\r\n`;
  const lines = `connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n${chosen}`;
  return { kind: "accepted", lines, protocol };
}

function refused(message: string): Handshake {
  const hint = "open the WebSocket as RFC 6455 has it";
  return { kind: "refused", refusal: { status: 400, code: "handshake_malformed", message, hint } };
}
