import { z } from "zod";

const about = {
  /** Whoever names a release, or has one agent only, may leave it out. */
  agent: z.string().nullable().default(null),
  /** The tool that began it. */
  tool: z.string(),
  /** One transaction of an agent's tool: what the tool's owner knows it by. */
  id: z.string(),
  /** As the header `x-perch-release` has it; looked up by the session, unless said. */
  release: z.string().nullable().default(null),
  /** Epoch ms; when it arrives, unless said. */
  at: z.number().optional(),
};

/** `POST /v1/transactions` */
export const transactionBatchSchema = z.strictObject({
  transactions: z
    .array(
      z.discriminatedUnion("state", [
        z.strictObject({ ...about, state: z.literal("open"), session: z.string() }),
        z.strictObject({ ...about, state: z.literal("closed"), session: z.string().nullable().default(null) }),
      ]),
    )
    .max(10_000),
});
export type TransactionBatch = z.infer<typeof transactionBatchSchema>;

/** The answer: how many reports were taken, those known before included. */
export const transactionsAcceptedSchema = z.object({ accepted: z.number().int() });
export type TransactionsAccepted = z.infer<typeof transactionsAcceptedSchema>;
