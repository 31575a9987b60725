import {
  parseAgentName,
  parseDigest,
  parseSessionId,
  parseTransactionId,
  type KeptTransaction,
  type OpenCount,
  type OpenTransaction,
} from "@perch/domain";

/** As any SQL database gives it. */
export type Row = Readonly<Record<string, unknown>>;

export function parseKeptRow(row: Row): KeptTransaction {
  const { opened_at: openedAt, closed_at: closedAt } = row;
  return {
    agent: parseAgentName(String(row["agent"])),
    tool: String(row["tool"]),
    id: parseTransactionId(String(row["id"])),
    session: textOr(row["session"], parseSessionId),
    release: textOr(row["release"], parseDigest),
    openedAt: openedAt === null ? null : Number(openedAt),
    closedAt: closedAt === null ? null : Number(closedAt),
  };
}

/** Of rows that are open: those have a session. */
export function parseOpenRows(rows: readonly Row[]): readonly OpenTransaction[] {
  return rows.map(parseKeptRow).flatMap(({ agent, tool, id, session, release, openedAt }) => {
    return session === null || openedAt === null ? [] : [{ agent, tool, id, session, release, openedAt }];
  });
}

export function parseCountRow(row: Row): OpenCount {
  return {
    agent: parseAgentName(String(row["agent"])),
    release: textOr(row["release"], parseDigest),
    open: Number(row["open"]),
  };
}

function textOr<T>(value: unknown, parse: (text: string) => T): T | null {
  return typeof value === "string" ? parse(value) : null;
}
