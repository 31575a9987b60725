import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { lastJson, runPerchInTest, SHARED } from "./run-perch.ts";

const recordings = join(SHARED, "data", "sessions");
const isThere = existsSync(recordings);
if (!isThere)
  process.stderr.write("skipped: the recorded sessions (../shared/data/sessions) are not on this machine\n");

const resultSchema = z.object({
  pairs: z.array(
    z.object({
      id: z.string(),
      decision: z.enum(["rollback", "promote", "hold"]),
      culprits: z.array(z.string()),
      gates: z.array(
        z.object({
          name: z.string(),
          verdict: z.string(),
          logE: z.number(),
          rejectAtLogE: z.number(),
          findings: z.array(z.object({ sentence: z.string(), isEstablished: z.boolean() })),
        }),
      ),
      canarySessions: z.number(),
    }),
  ),
});

test.runIf(isThere)("recorded real sessions get the verdicts that their known answers ask for", async () => {
  const run = runPerchInTest(["replay", "--pairs", join(recordings, "pairs_dev.json"), "--data", recordings, "--json"]);
  expect(await run.ended, run.stderr().slice(-2_000)).toBe(0);
  const { pairs } = resultSchema.parse(lastJson(run));
  const byId = Object.fromEntries(pairs.map((pair) => [pair.id, pair]));

  expect(byId["D1"]?.decision).toBe("rollback");
  expect(byId["D1"]?.culprits.toSorted()).toEqual(["error-rate", "task-success"]);
  expect(byId["D2"]?.decision).not.toBe("rollback");
  expect(byId["D3"]?.decision).not.toBe("rollback");
  expect(byId["D4"]?.decision).not.toBe("promote");
  expect(byId["D5"]).toMatchObject({ decision: "rollback", culprits: ["escalation-rate"] });
  expect(byId["D6"]?.decision).toBe("hold");
  expect(byId["D6"]?.gates.map((gate) => gate.verdict)).toEqual(Array(5).fill("inconclusive"));

  const told = (id: string) =>
    byId[id]?.gates.find(({ name }) => name === "tool-use")?.findings.filter(({ isEstablished }) => isEstablished);
  expect(byId["D1"]?.gates).toContainEqual(expect.objectContaining({ name: "tool-use", verdict: "fail" }));
  expect(told("D1")?.map(({ sentence }) => sentence)).toContainEqual(
    expect.stringMatching(/^`get_order_details` is called in \d+ % of sessions \(baseline 9\d %\)$/),
  );
});
