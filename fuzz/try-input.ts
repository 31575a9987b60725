import { isRefusal, type FuzzTarget } from "./targets.ts";

export type Tried = "read" | "refused" | { readonly crash: string };

const SLOW_MS = 1000;

/** What a parser makes of one input: it reads it, refuses it, or has a bug. */
export async function tryInput(target: FuzzTarget, input: Buffer): Promise<Tried> {
  const started = process.threadCpuUsage();
  const tried = await readTwice(target, input);
  const { user, system } = process.threadCpuUsage(started);
  const spentMs = (user + system) / 1000;
  return spentMs > SLOW_MS ? { crash: `it took ${Math.round(spentMs)} ms` } : tried;
}

async function readTwice(target: FuzzTarget, input: Buffer): Promise<Tried> {
  let written: Uint8Array | null;
  try {
    written = await target.read(input);
  } catch (error) {
    return isRefusal(error) ? "refused" : { crash: describe(error) };
  }
  if (written === null) return "refused";
  try {
    const again = await target.read(Buffer.from(written));
    const isSame = again !== null && Buffer.compare(again, written) === 0;
    return isSame
      ? "read"
      : { crash: `what it read is not read back: ${Buffer.from(written).toString("base64").slice(0, 400)}` };
  } catch (error) {
    return { crash: `what it read cannot be read back: ${describe(error)}` };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).slice(0, 1000) : String(error);
}
