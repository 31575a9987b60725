import type { ScoreBatchClaim } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { z } from "zod";
import { readRows, storeFailed } from "./read-rows.ts";

const row = z
  .object({ fingerprint: z.string(), received_at: z.number() })
  .transform(({ fingerprint, received_at: receivedAt }) => ({ fingerprint, receivedAt }));

/** As `TraceStore.claimScoreBatch`. Claims of one key follow one another, so that one of them is the first. */
export function createScoreBatchClaims(clients: { inserts: ClickHouseClient; reads: ClickHouseClient }) {
  const under = new Map<string, Promise<unknown>>();

  return async (claim: ScoreBatchClaim): Promise<ScoreBatchClaim> => {
    const name = JSON.stringify([claim.sender, claim.key]);
    const mine = (under.get(name) ?? Promise.resolve()).then(
      () => claimOnce(clients, claim),
      () => claimOnce(clients, claim),
    );
    under.set(name, mine);
    try {
      return await mine;
    } finally {
      if (under.get(name) === mine) under.delete(name);
    }
  };
}

async function claimOnce(
  { inserts, reads }: { inserts: ClickHouseClient; reads: ClickHouseClient },
  claim: ScoreBatchClaim,
): Promise<ScoreBatchClaim> {
  const { sender, key } = claim;
  const query = `
    SELECT fingerprint, received_at FROM score_batches
    WHERE sender = {sender:String} AND key = {key:String}
    ORDER BY written_at
    LIMIT 1`;
  const [held] = await readRows(reads, { query, parameters: { sender, key } }, row);
  if (held !== undefined) return { sender, key, ...held };
  const { fingerprint, receivedAt } = claim;
  try {
    const values = [{ sender, key, fingerprint, received_at: receivedAt }];
    await inserts.insert({ table: "score_batches", values, format: "JSONEachRow" });
  } catch (cause) {
    throw storeFailed("write", cause);
  }
  return claim;
}
