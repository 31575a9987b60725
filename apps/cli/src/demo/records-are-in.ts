import { FIGURES_LAG_MS, gatewayStatusSchema } from "@perch/api";

const outboxSchema = gatewayStatusSchema.pick({ outbox: true });

const POLL_MS = 50;
/** With the server away they cannot come; then the figures are those of what has come. */
const PATIENCE_MS = 10_000;

/**
 * Resolves when the server counts every turn that the gateway has answered, so that a figure read from then on is the last
 * word about traffic that has ended; or after ten seconds.
 */
export async function recordsAreIn(gatewayUrl: string): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while ((await pendingAt(gatewayUrl)) !== 0 && Date.now() < giveUpAt) await sleep(POLL_MS);
  await sleep(FIGURES_LAG_MS);
}

/** Records that the server does not have yet; null while the gateway does not say, such as during a restart. */
async function pendingAt(gatewayUrl: string): Promise<number | null> {
  try {
    const answer = await fetch(`${gatewayUrl}/-/status`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return outboxSchema.parse(await answer.json()).outbox.pending;
  } catch {
    return null;
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
