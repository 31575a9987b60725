import { TelemetryError } from "@perch/domain";
import { setTimeout as pause } from "node:timers/promises";
import { storeFailed } from "./read-rows.ts";

export type RowWriter<Batch> = {
  /** Resolves once the batch is in the database. Throws `TelemetryError` `store_busy` or `store_failed`. */
  readonly append: (batch: Batch) => Promise<void>;
  /** Writes what is waiting; refuses everything after. */
  readonly close: () => Promise<void>;
};

export type RowLimits = {
  readonly restMs: (appends: number) => number;
  readonly rowsWorthAnInsert: number;
  readonly maxRowsPerInsert: number;
  readonly maxWaitingRows: number;
};

type Waiting<Batch> = {
  readonly batch: Batch;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Group commit: an insert costs the database about 10 ms of processor time whether it carries one row or a hundred, so
 * appends that come while another insert runs, or while the writer rests after it, share the next one. An append to an
 * idle writer is written at once. `restMs` is told how many appends shared the last insert: one sender that waits for
 * each answer needs no long rest, many senders at once do. As soon as `rowsWorthAnInsert` wait, the rest is over: senders that
 * wait for their answers before they go on send no more meanwhile.
 */
export function createRowWriter<Batch>(
  options: RowLimits & {
    readonly insert: (batches: readonly Batch[]) => Promise<unknown>;
    readonly rowsOf: (batch: Batch) => number;
  },
): RowWriter<Batch> {
  const waiting: Waiting<Batch>[] = [];
  const closing = new AbortController();
  let waitingRows = 0;
  let pumping: Promise<void> | null = null;
  let resting: AbortController | null = null;

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupSize(waiting, options.maxRowsPerInsert));
      waitingRows -= group.reduce((sum, { rows }) => sum + rows, 0);
      await writeGroup(group, options.insert);
      await rest(options.restMs(group.length));
    }
    // In the same breath as the look at `waiting`: an append between the two would wait for ever.
    pumping = null;
  }

  /** A writer that is being closed does not rest, nor one with enough to do. */
  async function rest(ms: number): Promise<void> {
    if (closing.signal.aborted || waitingRows >= options.rowsWorthAnInsert) return;
    resting = new AbortController();
    await pause(ms, undefined, { signal: resting.signal }).catch(() => undefined);
    resting = null;
  }

  return {
    async append(batch) {
      const rows = options.rowsOf(batch);
      if (rows === 0) return;
      if (closing.signal.aborted) throw beingClosed();
      if (waitingRows + rows > options.maxWaitingRows) throw busy(waitingRows);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ batch, rows, resolve, reject });
      waitingRows += rows;
      if (waitingRows >= options.rowsWorthAnInsert) resting?.abort();
      pumping ??= pump();
      await promise;
    },
    async close() {
      closing.abort();
      resting?.abort();
      await pumping;
    },
  };
}

/** As many appends as fit into one insert, and always one: an append is never split, so it is there whole or not. */
function groupSize(waiting: readonly { readonly rows: number }[], maxRows: number): number {
  let rows = 0;
  for (const [index, one] of waiting.entries()) {
    rows += one.rows;
    if (rows > maxRows) return Math.max(1, index);
  }
  return waiting.length;
}

async function writeGroup<Batch>(
  group: readonly Waiting<Batch>[],
  insert: (batches: readonly Batch[]) => Promise<unknown>,
): Promise<void> {
  try {
    await insert(group.map(({ batch }) => batch));
    for (const { resolve } of group) resolve();
  } catch (cause) {
    const error = storeFailed("write", cause);
    for (const { reject } of group) reject(error);
  }
}

function busy(waitingRows: number): TelemetryError {
  return new TelemetryError({
    code: "store_busy",
    message: `${waitingRows} rows are waiting to be written, which is as many as memory is set aside for`,
    hint: "send again in a second; if it stays so, the disk is too slow or too many spans are sent",
  });
}

function beingClosed(): TelemetryError {
  return new TelemetryError({
    code: "store_busy",
    message: "the trace store is being closed",
    hint: "send again when the server is back",
  });
}
