import type { DatabaseSync } from "node:sqlite";
import { createSessionMoves } from "./session-moves.ts";
import { LONGEST_ALIAS_CHAIN, type LivePin, type Pin, type PinStore } from "@perch/domain";
import { inTransaction } from "./open-database.ts";
import { parsePinRow, PIN_COLUMNS, pinValues, WRITTEN_ONCE } from "./pin-row.ts";

const COLUMNS = PIN_COLUMNS.join(", ");
const EXPIRY = `?${PIN_COLUMNS.length + 1}`;
const NOW = `?${PIN_COLUMNS.length + 2}`;

/** Every id on the way from an id to its session: `hops` is 0 for the id itself and largest for the session. */
const chainFrom = (agent: string, id: string, now: string): string => `
  WITH RECURSIVE chain (id, hops) AS (
    SELECT ${id}, 0
    UNION ALL
    SELECT alias.session, hops + 1 FROM chain JOIN alias ON alias.agent = ${agent} AND alias.alias = chain.id
      WHERE alias.expires_at > ${now} AND hops < ${LONGEST_ALIAS_CHAIN}
  )`;
const END_OF_CHAIN = "(SELECT id FROM chain ORDER BY hops DESC LIMIT 1)";

const VALUES = WRITTEN_ONCE.map((_, index) => `?${index + 3}`).join(", ");

// One statement: with a separate read and write, two gateway processes could both win. In the update every name on the
// right means the row as it was.
const onceOrUnless = (isReplaced: string): string => `
  ON CONFLICT (agent, session) DO UPDATE SET
    ${WRITTEN_ONCE.map((name) => `${name} = iif(${isReplaced}, excluded.${name}, pin.${name})`).join(",\n    ")},
    turn_ended_at = iif(${isReplaced}, NULL, pin.turn_ended_at),
    expires_at = excluded.expires_at
  RETURNING ${COLUMNS}`;
/** Answers nothing when the id is an alias. */
const claimUnless = (isReplaced: string): string => `
  INSERT INTO pin (${COLUMNS}, expires_at) SELECT ?1, ?2, ${VALUES}, ${EXPIRY}
  WHERE NOT EXISTS (SELECT 1 FROM alias WHERE agent = ?1 AND alias = ?2 AND expires_at > ${NOW})
  ${onceOrUnless(isReplaced)}`;
const claimByAliasUnless = (isReplaced: string): string => `
  ${chainFrom("?1", "?2", NOW)}
  INSERT INTO pin (${COLUMNS}, expires_at) SELECT ?1, ${END_OF_CHAIN}, ${VALUES}, ${EXPIRY} WHERE true
  ${onceOrUnless(isReplaced)}`;
const IS_EXPIRED = `pin.expires_at <= ${NOW}`;
const times = (table: string): string => `coalesce(${table}.moved ->> 'times', 0)`;
const OUTRANKS = `${times("excluded")} > ${times("pin")}
  OR (${times("excluded")} = ${times("pin")} AND excluded.assigned_at < pin.assigned_at)`;
const RENEW_ALIASES = `
  ${chainFrom("?1", "?2", "?4")}
  UPDATE alias SET expires_at = ?3 WHERE agent = ?1 AND expires_at > ?4 AND alias IN (SELECT id FROM chain)`;
const ALIAS = `
  INSERT INTO alias (agent, alias, session, expires_at)
  SELECT ?1, ?2, ?3, ?4 WHERE ?2 <> ?3
    AND NOT EXISTS (SELECT 1 FROM pin WHERE agent = ?1 AND session = ?2 AND expires_at > ?5)
  ON CONFLICT (agent, alias) DO UPDATE SET
    session = iif(alias.expires_at > ?5, alias.session, excluded.session), expires_at = excluded.expires_at`;
const FIND = `
  ${chainFrom("?1", "?2", "?3")}
  SELECT ${COLUMNS}, expires_at FROM pin WHERE agent = ?1 AND session = ${END_OF_CHAIN} AND expires_at > ?3`;
const COUNT_LIVE = "SELECT count(*) AS live FROM pin WHERE agent = ? AND release = ? AND expires_at > ?";
const LIST = `
  SELECT ${COLUMNS}, expires_at FROM pin WHERE agent = ? AND session > ? AND expires_at > ?
  ORDER BY session LIMIT ?`;
const FORGET_PINS = `
  DELETE FROM pin WHERE (agent, session) IN (SELECT agent, session FROM pin WHERE expires_at <= ? LIMIT ?)`;
const FORGET_ALIASES = `
  DELETE FROM alias WHERE (agent, alias) IN (SELECT agent, alias FROM alias WHERE expires_at <= ? LIMIT ?)`;
/** What is left of gateways that died. */
const FORGET_MARKS = `
  DELETE FROM turn_mark WHERE (agent, session, turn) IN (
    SELECT agent, session, turn FROM turn_mark WHERE expires_at <= ? LIMIT ?)`;

/** Pins in a database of `openGatewayDatabase`; closes it when closed. */
export function createSqlitePinStore(database: DatabaseSync, now: () => number): PinStore {
  const claim = createClaim(database, now);
  const alias = database.prepare(ALIAS);
  const find = database.prepare(FIND);
  const countLive = database.prepare(COUNT_LIVE);
  const list = database.prepare(LIST);
  const forgetMarks = database.prepare(FORGET_MARKS);
  const identity = database.prepare("SELECT id FROM store_identity");
  const forget = [FORGET_PINS, FORGET_ALIASES].map((sql) => database.prepare(sql));
  return {
    claim: async (pin, ttlMs) => claim("claim", pin, ttlMs),
    merge: async (pin, ttlMs) => claim("merge", pin, ttlMs),
    async alias(link, ttlMs) {
      const at = now();
      alias.run(link.agent, link.alias, link.session, at + ttlMs, at);
    },
    async find(agent, session) {
      const row = find.get(agent, session, now());
      return row === undefined ? null : parsePinRow(row);
    },
    ...createSessionMoves(database, now),
    async lookUp(agent, session) {
      const row = find.get(agent, session, now());
      return row === undefined ? null : toLivePin(row);
    },
    async countLive(agent, release) {
      return Number(countLive.get(agent, release, now())?.["live"] ?? 0);
    },
    async list(agent, { after, limit }) {
      const rows = list.all(agent, after ?? "", now(), limit);
      const pins = rows.map(toLivePin);
      return { pins, next: pins.length < limit ? null : (pins.at(-1)?.pin.session ?? null) };
    },
    async forgetExpired(limit) {
      forgetMarks.run(now(), limit);
      let forgotten = 0;
      for (const statement of forget) forgotten += Number(statement.run(now(), limit - forgotten).changes);
      return forgotten;
    },
    identity: async () => String(identity.get()?.["id"]),
    async close() {
      if (database.isOpen) database.close();
    },
  };
}

function toLivePin(row: Readonly<Record<string, unknown>>): LivePin {
  return { pin: parsePinRow(row), expiresAt: Number(row["expires_at"]) };
}

function createClaim(
  database: DatabaseSync,
  now: () => number,
): (kind: "claim" | "merge", pin: Pin, ttlMs: number) => Pin {
  const statementsFor = (isReplaced: string) => ({
    claim: database.prepare(claimUnless(isReplaced)),
    claimByAlias: database.prepare(claimByAliasUnless(isReplaced)),
  });
  const statements = {
    claim: statementsFor(IS_EXPIRED),
    merge: statementsFor(`${IS_EXPIRED} OR ${OUTRANKS}`),
  };
  const renewAliases = database.prepare(RENEW_ALIASES);
  return (kind, pin, ttlMs) => {
    const at = now();
    const values = [...pinValues(pin), at + ttlMs, at];
    const own = statements[kind].claim.get(...values);
    if (own !== undefined) return parsePinRow(own);
    return inTransaction(database, () => {
      const winner = parsePinRow(statements[kind].claimByAlias.get(...values));
      renewAliases.run(pin.agent, pin.session, at + ttlMs, at);
      return winner;
    });
  };
}
