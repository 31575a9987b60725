import type { Score } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { readRows } from "./read-rows.ts";
import { scoreRow } from "./score-row.ts";

// A server takes parameters in the URL, of at most a megabyte; sessions and ids have up to 200 characters.
const AT_ONCE = 500;

/** As `TraceStore.scoresNamed`. */
export async function scoresNamed(
  client: ClickHouseClient,
  names: readonly Pick<Score, "session" | "id">[],
): Promise<Score[]> {
  const found: Score[] = [];
  const query = `
    SELECT * FROM scores
    WHERE session IN {sessions:Array(String)} AND id IN {ids:Array(String)}
    LIMIT 1 BY session, id`;
  for (let start = 0; start < names.length; start += AT_ONCE) {
    const some = names.slice(start, start + AT_ONCE);
    const wanted = new Set(some.map(nameOf));
    const parameters = { sessions: some.map(({ session }) => session), ids: some.map(({ id }) => id) };
    const rows = await readRows(client, { query, parameters }, scoreRow);
    found.push(...rows.filter((score) => wanted.has(nameOf(score))));
  }
  return found;
}

/** No session has a space in it. */
function nameOf({ session, id }: Pick<Score, "session" | "id">): string {
  return `${session} ${id}`;
}
