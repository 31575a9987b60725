import { randomUUID } from "node:crypto";
import {
  LONGEST_ALIAS_CHAIN,
  parseSessionId,
  timesMoved,
  type AgentName,
  type Digest,
  type Pin,
  type PinPage,
  type PinStore,
  type SessionId,
} from "@perch/domain";
import { formatPin, parsePin } from "./pin-json.ts";
import { ALIAS, CLAIM } from "./pin-scripts.ts";
import { createSessionMoves } from "./session-moves.ts";
import type { RedisConnection, RedisReply } from "./redis-connection.ts";

const COUNT_AT_ONCE = 1000;
const IDENTITY = "perch:identity";

/**
 * Pins on a Redis or Valkey server, which all gateways share. One round trip a claim; one more for each alias on the way,
 * because in a cluster another id may lie on another machine. Closes the connection when closed.
 */
export function createRedisPinStore(connection: RedisConnection, now: () => number): PinStore {
  const counts = new Map<AgentName, Promise<ReadonlyMap<Digest, number>>>();

  async function claim(kind: "claim" | "merge", pin: Pin, ttlMs: number): Promise<Pin> {
    let at = pin.session;
    for (let hop = 0; ; hop += 1) {
      const follow = hop < LONGEST_ALIAS_CHAIN ? "follow" : "stay";
      const args = [
        formatPin({ ...pin, session: at }),
        whole(ttlMs),
        String(pin.assignedAt),
        kind,
        follow,
        String(timesMoved(pin)),
      ];
      const [what, value] = parseClaim(await connection.run(CLAIM, keysOf(pin.agent, at), args));
      if (what === "pin") return parsePin(value);
      at = parseSessionId(value);
    }
  }

  return {
    claim: (pin, ttlMs) => claim("claim", pin, ttlMs),
    merge: (pin, ttlMs) => claim("merge", pin, ttlMs),
    async alias({ agent, alias, session }, ttlMs) {
      if (alias !== session) await connection.run(ALIAS, keysOf(agent, alias), [session, whole(ttlMs)]);
    },
    find: (agent, session) => findPin(connection, agent, session),
    async lookUp(agent, session) {
      const pin = await findPin(connection, agent, session);
      if (pin === null) return null;
      const left = Number(await connection.send(["PTTL", keysOf(agent, pin.session)[1]]));
      // It may have ended between the two.
      return left <= 0 ? null : { pin, expiresAt: now() + left };
    },
    ...createSessionMoves(connection),
    async countLive(agent, release) {
      // One walk through the pins answers for all releases that are asked about meanwhile.
      const walk = counts.get(agent) ?? countAll({ connection, now }, agent).finally(() => counts.delete(agent));
      counts.set(agent, walk);
      return (await walk).get(release) ?? 0;
    },
    list: (agent, page) => listPins({ connection, now }, agent, page),
    identity: () => identityOf(connection),
    // The server forgets by itself.
    forgetExpired: async () => 0,
    close: () => connection.close(),
  };
}

type Listing = { readonly connection: RedisConnection; readonly now: () => number };

async function countAll(listing: Listing, agent: AgentName): Promise<ReadonlyMap<Digest, number>> {
  const pins = new Map<SessionId, Digest>();
  let after: string | null = null;
  do {
    const page: PinPage = await listPins(listing, agent, { after, limit: COUNT_AT_ONCE });
    for (const { pin } of page.pins) pins.set(pin.session, pin.release);
    after = page.next;
  } while (after !== null);
  const byRelease = new Map<Digest, number>();
  for (const release of pins.values()) byRelease.set(release, (byRelease.get(release) ?? 0) + 1);
  return byRelease;
}

/** Both keys of an id, alias and pin. What stands in braces decides the slot. */
function keysOf(agent: AgentName, id: SessionId): [string, string] {
  return [`perch:alias:{${agent}|${id}}`, `perch:pin:{${agent}|${id}}`];
}

async function identityOf(connection: RedisConnection): Promise<string> {
  await connection.send(["SET", IDENTITY, randomUUID(), "NX"]);
  return String(await connection.send(["GET", IDENTITY]));
}

async function findPin(connection: RedisConnection, agent: AgentName, id: SessionId): Promise<Pin | null> {
  let at = id;
  for (let hop = 0; hop <= LONGEST_ALIAS_CHAIN; hop += 1) {
    const [alias, pin] = parseTexts(await connection.send(["MGET", ...keysOf(agent, at)]));
    if (typeof alias !== "string" || hop === LONGEST_ALIAS_CHAIN) return typeof pin === "string" ? parsePin(pin) : null;
    at = parseSessionId(alias);
  }
  return null;
}

async function listPins(
  { connection, now }: Listing,
  agent: AgentName,
  { after, limit }: Parameters<PinStore["list"]>[1],
): Promise<PinPage> {
  const pattern = `perch:pin:{${agent}|*`;
  const [cursor, keys] = parseScan(
    await connection.send(["SCAN", after ?? "0", "MATCH", pattern, "COUNT", String(limit), "TYPE", "string"]),
  );
  // Sent together, answered together, and each to the machine that has the key.
  const found = await Promise.all(
    keys.map(async (key) => {
      const [json, left] = await Promise.all([connection.send(["GET", key]), connection.send(["PTTL", key])]);
      return typeof json === "string" ? [{ pin: parsePin(json), expiresAt: now() + Math.max(0, Number(left)) }] : [];
    }),
  );
  return { pins: found.flat(), next: cursor === "0" ? null : cursor };
}

/** The server takes whole milliseconds. */
function whole(ttlMs: number): string {
  return String(Math.max(1, Math.ceil(ttlMs)));
}

function parseClaim(reply: RedisReply): ["alias" | "pin", string] {
  const [what, value] = parseTexts(reply);
  if ((what === "alias" || what === "pin") && typeof value === "string") return [what, value];
  throw new TypeError(`found ${JSON.stringify(reply)}, expected what a claim answers`);
}

function parseScan(reply: RedisReply): [string, readonly string[]] {
  const [cursor, keys] = parseTexts(reply);
  return [String(cursor), parseTexts(keys ?? null).map(String)];
}

function parseTexts(reply: RedisReply): readonly RedisReply[] {
  return typeof reply === "object" && reply !== null ? reply : [];
}
