import { agentViewSchema, rolloutViewSchema } from "@perch/api";
import { aBuiltRelease } from "@perch/testkit";
import { findRedisServer, startRedisServer } from "@perch/testkit/servers";
import { afterEach, describe, expect, test } from "vitest";
import { keepOn, ROLLOUT, startLiveSystem, until, type LiveSystem } from "./live-system.ts";

const RELEASES = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function canaryOf(system: LiveSystem) {
  const { releases } = agentViewSchema.parse(await system.read("/v1/agents/support"));
  return releases.find(({ release }) => release.version === "2.3.1");
}

describe.skipIf(findRedisServer() === null)("two gateways on one Redis (skipped where there is none)", () => {
  test("count its pins once, and a release drains to the last of them", async () => {
    const redis = await startRedisServer();
    closers.push(() => redis.stop());
    const system = await startLiveSystem(RELEASES, "--idle-timeout", "8s");
    closers.push(() => system.stop());
    const names = ["r-1", "r-2"];
    const [one, two] = await Promise.all(names.map((name) => system.startGateway(name, "--pins", redis.url)));
    if (one === undefined || two === undefined) throw new Error("no gateways");
    await system.post("/v1/rollouts?actor=test", ROLLOUT);
    const phase = async () => rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1")).phase;
    await until(phase, (found) => found === "Baking");
    const digest = (await canaryOf(system))?.release.digest;
    const canaries: string[] = [];
    const talk = keepOn(() => Promise.all(["s-0", ...canaries].map((session) => system.turn(two, session))));
    for (let count = 0; count < 20; count += 1) {
      const release = await system.turn(count % 2 === 0 ? one : two, `s-${count}`);
      if (release === digest) canaries.push(`s-${count}`);
    }
    expect(canaries).not.toEqual([]);
    await system.post("/v1/rollouts/support-2-3-1/abort", JSON.stringify({ reason: "enough" }));
    const draining = await until(
      () => canaryOf(system),
      (release) => (release?.livePins ?? 0) > 0 && release?.status === "Draining",
    );
    // Some may have run out on a slow machine; counted twice it would be more.
    expect(draining?.livePins).toBeGreaterThan(0);
    expect(draining?.livePins).toBeLessThanOrEqual(canaries.length);
    const { asked } = JSON.parse((await system.perch("why", "s-0", "--json")).out) as { asked: { outcome: string }[] };
    expect(asked.filter(({ outcome }) => outcome === "a live pin")).toHaveLength(2);
    await talk.stop();
    const drained = await until(
      () => canaryOf(system),
      (release) => release?.status === "Drained",
    );
    expect(drained?.livePins).toBe(0);
  }, 180_000);
});
