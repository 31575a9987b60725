import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeProtobufTraces } from "../apps/server/src/collector/decode-protobuf-traces.ts";

const RECORDING = fileURLToPath(new URL("../../shared/data/otlp/vercel-ai-7/genai-plain.traces.pb", import.meta.url));

export type Batches = {
  readonly spans: number;
  readonly bytes: number;
  /** A request that nobody has sent before. */
  next(): { readonly body: Buffer; readonly traceId: string };
};

/**
 * What an agent with the AI SDK really sent (three turns of model and tool calls), as often in a request as it takes for
 * `spansABatch`, each time with trace ids of its own. Requests that follow one another are one request in protobuf.
 */
export function createBatches(spansABatch: number): Batches {
  if (!existsSync(RECORDING)) throw new Error(`found no recording at ${RECORDING}, expected it for this benchmark`);
  const recording = readFileSync(RECORDING);
  const spans = decodeProtobufTraces(recording).flatMap((scope) => scope.spans);
  const traceIds = [...new Set(spans.map(({ traceId }) => traceId))];
  const copies = Math.ceil(spansABatch / spans.length);
  const template = Buffer.concat(Array.from({ length: copies }, () => recording));
  const places = traceIds.map((traceId) => placesOf(template, Buffer.from(traceId, "hex")));
  let made = 0;
  return {
    spans: spans.length * copies,
    bytes: template.length,
    next() {
      const body = Buffer.from(template);
      made += 1;
      for (const found of places) {
        for (const [index, place] of found.entries()) {
          body.writeUInt32BE(made, place);
          body.writeUInt32BE(Math.floor((index * copies) / found.length), place + 4);
        }
      }
      const first = places[0]?.[0] ?? 0;
      return { body, traceId: body.toString("hex", first, first + 16) };
    },
  };
}

function placesOf(bytes: Buffer, wanted: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) places.push(at);
  return places;
}
