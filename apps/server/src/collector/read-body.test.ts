import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ANYONE } from "./ingest-gate.ts";
import { createBodyReader } from "./read-body.ts";

test("bodies in pieces that are read at the same time are each their own, also in memory that was used before", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 });
  const reader = createBodyReader({ maxBytes: 1000, maxBytesAtOnce: 100_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 10 }), fc.scheduler(), async (bodies, scheduler) => {
      const read = (chunks: readonly Uint8Array[]) =>
        reader.read(
          { chunks: inTurn(chunks), compression: "identity", declaredBytes: 0, sender: ANYONE },
          async (bytes) => {
            await scheduler.schedule(Promise.resolve());
            return [...bytes];
          },
        );
      const all = Promise.all(bodies.map(read));
      await scheduler.waitFor(all);
      expect(await all).toEqual(bodies.map((chunks) => chunks.flatMap((chunk) => [...chunk])));
    }),
  );
});

async function* inTurn(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
