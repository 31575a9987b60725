import { compareRevisions, type PhaseKind } from "@perch/domain";
import { rolloutViewSchema, type RolloutView } from "@perch/api";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createStage, deploy, get, post, quiet, tick, YAML } from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;
type Version = (typeof VERSIONS)[number];
type Step =
  | { readonly do: "apply"; readonly version: Version; readonly supersede: "replace" | "queue" | "reject" }
  /** Of every rollout that can do it. */
  | { readonly do: "command"; readonly verb: string; readonly freezeNew: boolean }
  | { readonly do: "pass"; readonly ms: number }
  /** A gateway stops or begins to acknowledge. */
  | { readonly do: "deafen"; readonly isDeaf: boolean }
  /** What it has not acknowledged, it does now. */
  | { readonly do: "acknowledge" };

const VERSIONS = ["2.3.1", "2.3.2", "2.3.3"] as const;
const ON_STEP: ReadonlySet<string> = new Set<PhaseKind>(["Shifting", "Baking", "Paused"]);

const anyVersion = fc.constantFrom(...VERSIONS);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("apply" as const),
    version: anyVersion,
    supersede: fc.constantFrom("replace" as const, "queue" as const, "reject" as const),
  }),
  fc.record({
    do: fc.constant("command" as const),
    verb: fc.constantFrom("pause", "resume", "promote", "rollback", "abort", "undo"),
    freezeNew: fc.boolean(),
  }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(100, 3000, 20_000, 90_000) }),
  fc.record({ do: fc.constant("deafen" as const), isDeaf: fc.boolean() }),
  fc.record({ do: fc.constant("acknowledge" as const) }),
);

const yamlOf = (version: string, supersede: string): string =>
  YAML.replaceAll("2-3-1", version.replaceAll(".", "-"))
    .replace("release: 2.3.1", `release: ${version}`)
    .replace("  steps:", `  supersede: ${supersede}\n  steps:`);

async function take(step: Step, { world, server, gateway }: Stage): Promise<void> {
  switch (step.do) {
    case "apply":
      await post(server, "/v1/rollouts", yamlOf(step.version, step.supersede));
      break;
    case "command": {
      const { verb, freezeNew } = step;
      const body = { reason: "any", ...(verb === "pause" ? { freezeNew } : {}) };
      for (const { id } of await rolloutsOf({ server })) await post(server, `/v1/rollouts/${id}/${verb}`, body);
      break;
    }
    case "pass":
      await tick(world, server, step.ms);
      break;
    case "deafen":
      gateway.isDeaf = step.isDeaf;
      break;
    case "acknowledge":
      await post(server, "/v1/gateways/gw-1/acks", { revision: gateway.tables.at(-1)?.revision, appliedAt: 0 });
      break;
  }
  await quiet();
}

async function rolloutsOf({ server }: Pick<Stage, "server">): Promise<readonly RolloutView[]> {
  return rolloutViewSchema.array().parse(await get(server, "/v1/rollouts"));
}

/** I1: nobody else meets a canary; and the one that does is the one that ramps, or everybody's since its promotion. */
function expectOneRamping(rollouts: readonly RolloutView[], { gateway }: Stage): void {
  const onStep = rollouts.filter(({ phase }) => ON_STEP.has(phase));
  expect(onStep.length).toBeLessThanOrEqual(1);
  const { canary = null, current } = gateway.tables.at(-1)?.agents[0] ?? {};
  const ramps = canary === null || canary.release === current ? onStep[0]?.id : canary.rollout;
  expect(ramps).toBe(onStep[0]?.id);
  // Until the gateway has heard of a weight that everybody meets, the weight is what it was.
  if (canary !== null && canary.release === current) expect(canary.weightBp).toBe(10_000);
}

/** I5: a step that bakes was acknowledged by the gateway, in a table that had its weight. */
function expectBakingAcknowledged(rollouts: readonly RolloutView[], acked: readonly string[]): void {
  for (const { phase, weightBp, id } of rollouts) {
    if (phase === "Baking") expect(acked).toContain(`${id} ${weightBp}`);
  }
}

/** I4; and I2, since by no rollout's file here does a session ever change its release. */
function expectGrowing({ gateway: { tables } }: Stage): void {
  for (const [index, { revision, agents }] of tables.entries()) {
    const before = tables[index - 1];
    if (before !== undefined) expect(compareRevisions(revision, before.revision)).toBeGreaterThan(0);
    expect(agents.flatMap(({ moves }) => moves)).toEqual([]);
  }
}

test("under any orders, silences and pauses one release ramps, revisions grow, and no weight moves a session (I1, I2, I4, I5)", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 25 }), async (steps) => {
      const stage = await createStage();
      for (const version of ["2.3.2", "2.3.3"]) await deploy(stage.server, version);
      const acked: string[] = [];
      for (const step of steps) {
        await take(step, stage);
        const { tables, isDeaf } = stage.gateway;
        const canary = tables.at(-1)?.agents[0]?.canary ?? null;
        if (canary !== null && (!isDeaf || step.do === "acknowledge"))
          acked.push(`${canary.rollout} ${canary.weightBp}`);
        const rollouts = await rolloutsOf(stage);
        expectOneRamping(rollouts, stage);
        for (const { phase } of rollouts) seen.add(phase);
        if (step.do !== "deafen") expectBakingAcknowledged(rollouts, acked);
      }
      expectGrowing(stage);
      await stage.gateway.close();
    }),
    // Seeded: that each of the phases below is met is part of what is checked.
    { numRuns: 60, seed: 26 },
  );
  expect([...seen]).toEqual(
    expect.arrayContaining(["Baking", "Paused", "Superseded", "RolledBack", "Succeeded", "Aborted"]),
  );
});
