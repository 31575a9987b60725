import { digestOf, TelemetryError, type Score } from "@perch/domain";
import { encodingOf } from "./answers.ts";
import type { Sender } from "./ingest-gate.ts";
import type { Intake } from "./intake.ts";
import { parseJsonObject } from "./json-reader.ts";
import { storeNewScores } from "./new-scores.ts";
import type { Batch } from "./parse-batch.ts";
import type { ParseScores } from "./parse-scores.ts";
import { bodyOf } from "./read-body.ts";

const KEY = /^"?([\x21\x23-\x7e]{1,200})"?$/;

/**
 * A post of scores or feedback, stored once it resolves. Under an `Idempotency-Key` (the IETF's draft of that name) the same
 * body sent again is the same scores with the same moment, so that it counts once and is answered the same, also when the
 * server died in between. Throws `TelemetryError` `key_reused` for another body under the key, and
 * `id_reused` for another score under an id.
 */
export async function takeScores(
  intake: Intake,
  { request, sender, parse }: { request: Request; sender: Sender; parse: ParseScores },
): Promise<Batch<Score>> {
  encodingOf(request, ["json"]);
  const key = keyOf(request, sender);
  return await intake.bodies.read(bodyOf(request, sender), async (bytes) => {
    const body = parseJsonObject(bytes);
    const now = intake.now();
    const arrived = parse(body, { key, receivedAt: now });
    if (arrived.kind === "invalid") return arrived;
    const receivedAt = key === null ? now : await firstSent(intake, { ...key, bytes });
    const batch = parse(body, { key, receivedAt });
    if (batch.kind === "invalid") return batch;
    await storeNewScores(intake, { scores: batch.items, receivedAt });
    intake.counters.scores += batch.items.length;
    return batch;
  });
}

function keyOf(request: Request, sender: Sender): { sender: string; key: string } | null {
  const header = request.headers.get("idempotency-key");
  if (header === null) return null;
  const [, key] = KEY.exec(header.trim()) ?? [];
  if (key !== undefined) return { sender: sender.name ?? "", key };
  throw new TelemetryError({
    code: "payload_malformed",
    message:
      "found an Idempotency-Key that is none, expected 1 to 200 visible ASCII characters, with or without quotes",
    hint: "take a new random UUID for each batch, and the same one when it is sent again",
  });
}

/** When the key was used first. */
async function firstSent(
  intake: Intake,
  { sender, key, bytes }: { sender: string; key: string; bytes: Uint8Array },
): Promise<number> {
  const fingerprint = digestOf(bytes);
  const held = await intake.store.claimScoreBatch({ sender, key, fingerprint, receivedAt: intake.now() });
  if (held.fingerprint === fingerprint) return held.receivedAt;
  throw new TelemetryError({
    code: "key_reused",
    message: "found another body under an Idempotency-Key that was used before, expected the same body, byte for byte",
    hint: "take a new key for another batch",
  });
}
