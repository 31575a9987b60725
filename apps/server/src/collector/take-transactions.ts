import { transactionBatchSchema, type TransactionBatch } from "@perch/api";
import {
  parseAgentName,
  parseDigest,
  parseSessionId,
  parseTransactionId,
  parseTransactionTool,
  TelemetryError,
  type SaidTransaction,
  type TransactionConflict,
} from "@perch/domain";
import { encodingOf } from "./answers.ts";
import type { Sender } from "./ingest-gate.ts";
import type { Intake } from "./intake.ts";
import { parseJsonObject } from "./json-reader.ts";
import { collectItems, problemsOf, type Batch, type Check } from "./parse-batch.ts";
import { bodyOf } from "./read-body.ts";

const MOST_NAMED = 5;

/**
 * A post of reports that transactions were opened or closed; durable once it resolves. The same post again changes nothing,
 * since each transaction has an id. Throws `TelemetryError` `id_reused` where another session's has it; then, and where
 * anything of the batch cannot be kept, nothing of it is.
 */
export async function takeTransactions(
  intake: Intake,
  { request, sender }: { readonly request: Request; readonly sender: Sender },
): Promise<Batch<SaidTransaction>> {
  encodingOf(request, ["json"]);
  return await intake.bodies.read(bodyOf(request, sender), async (bytes) => {
    const batch = parseTransactionBatch(parseJsonObject(bytes), intake.now());
    if (batch.kind === "invalid") return batch;
    const { reports, problems } = await intake.transactions.place(batch.items);
    if (problems.length > 0) {
      const texts = problems.map(({ index, problem }) => `transactions[${index}].agent: ${problem}`);
      return { kind: "invalid", problems: texts.slice(0, 100) };
    }
    refuseReused(await intake.transactions.record(reports));
    intake.counters.transactions += reports.length;
    return batch;
  });
}

function parseTransactionBatch(body: unknown, receivedAt: number): Batch<SaidTransaction> {
  const parsed = transactionBatchSchema.safeParse(body);
  if (!parsed.success) return { kind: "invalid", problems: problemsOf(parsed.error) };
  return collectItems(parsed.data.transactions, (item, index, check) =>
    saidIn(item, receivedAt, (field, parse, text) => check(`transactions[${index}].${field}`, parse, text)),
  );
}

function saidIn(
  item: TransactionBatch["transactions"][number],
  receivedAt: number,
  check: Check,
): SaidTransaction | null {
  const optional = <T>(field: string, parse: (text: string) => T, text: string | null) =>
    text === null ? null : check(field, parse, text);
  const [tool, id] = [check("tool", parseTransactionTool, item.tool), check("id", parseTransactionId, item.id)];
  const named = {
    agent: optional("agent", parseAgentName, item.agent),
    session: optional("session", parseSessionId, item.session),
    release: optional("release", parseDigest, item.release),
  };
  if (tool === null || id === null) return null;
  return { state: item.state, tool, id, ...named, at: item.at ?? receivedAt };
}

function refuseReused(conflicts: readonly TransactionConflict[]): void {
  if (conflicts.length === 0) return;
  const named = conflicts
    .slice(0, MOST_NAMED)
    .map(
      ({ tool, id, session, heldBy }) =>
        `found the id "${id}" of ${tool} for ${session}, where ${heldBy} had it before`,
    );
  const more = conflicts.length > MOST_NAMED ? `; and ${conflicts.length - MOST_NAMED} more` : "";
  throw new TelemetryError({
    code: "id_reused",
    message: `${named.join("; ")}${more}: an id is of one transaction of an agent's tool`,
    hint: "take a new id for another transaction; nothing of the post was stored",
  });
}
