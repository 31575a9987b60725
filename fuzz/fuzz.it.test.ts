import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { TARGETS, type FuzzTarget } from "./targets.ts";
import { tryInput } from "./try-input.ts";

const RUN = fileURLToPath(new URL("run.ts", import.meta.url));

test("a hundred thousand inputs crash no parser, and every parser reads some of them", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, "--inputs", "100000", "--seed", "1"], {
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stdout: string }) => error);
  const report = JSON.parse(stdout) as { inputs: number; crashes: unknown[]; targets: Record<string, unknown> };
  expect(report.crashes).toEqual([]);
  expect(report.inputs).toBeGreaterThanOrEqual(100_000);
  expect(Object.keys(report.targets)).toEqual(TARGETS.map(({ name }) => name));
}, 180_000);

test.each(TARGETS)("the valid inputs of $name are taken", async (target) => {
  for (const seed of target.seeds) {
    expect(await tryInput(target, Buffer.from(seed))).not.toMatchObject({ crash: expect.any(String) });
    if ((await target.read(Buffer.from(seed))) !== null) expect(await tryInput(target, Buffer.from(seed))).toBe("read");
  }
});

const parser = (read: FuzzTarget["read"]): FuzzTarget => ({ name: "it", seeds: [], read });

test("an error that is nobody's own, a value that does not come back the same, and a slow answer are crashes", async () => {
  const input = Buffer.from("x");
  const unknown = parser(() => {
    throw new TypeError("oops");
  });
  expect(await tryInput(unknown, input)).toMatchObject({ crash: expect.stringContaining("oops") });
  expect(
    await tryInput(
      parser((bytes) => Buffer.concat([bytes, bytes])),
      input,
    ),
  ).toHaveProperty("crash");
  const slow = parser(() => {
    const started = process.threadCpuUsage().user;
    while (process.threadCpuUsage().user - started < 1_100_000);
    return null;
  });
  expect(await tryInput(slow, input)).toMatchObject({ crash: expect.stringMatching(/^it took \d+ ms/) });
});
