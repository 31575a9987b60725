import { formatTransactionKey, type SaidTransaction } from "@perch/domain";
import type { Intake } from "./intake.ts";

/**
 * Keeps what spans said of transactions. Resolves once that is durable, with how many could not be kept: those of nobody, and
 * those under a name that another session's has. Throws `TelemetryError`; sent again, everything counts once.
 */
export async function keepTransactions(intake: Intake, said: readonly SaidTransaction[]): Promise<number> {
  if (said.length === 0) return 0;
  const { transactions, counters } = intake;
  const { reports, problems } = await transactions.place(said);
  const conflicts = await transactions.record(reports);
  const names = new Set(conflicts.map((conflict) => `${formatTransactionKey(conflict)}\n${conflict.session}`));
  const kept = reports.filter(
    (report) => report.state === "closed" || !names.has(`${formatTransactionKey(report)}\n${report.session}`),
  );
  // Of a batch with a conflict nothing was stored.
  const again = conflicts.length > 0 && kept.length > 0 ? await transactions.record(kept) : [];
  counters.transactions += kept.length - again.length;
  return problems.length + reports.length - kept.length + again.length;
}
