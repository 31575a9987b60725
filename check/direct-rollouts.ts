import { setTimeout as delay } from "node:timers/promises";
import { isFinal, type Rollout } from "@perch/domain";
import type { Faults } from "./faults.ts";
import type { Plan } from "./plan.ts";
import { EXPECTED_PHASE, type PlannedRollout } from "./plan-rollouts.ts";
import { rolloutFile } from "./rollout-file.ts";
import { createServerApi, type ServerApi } from "./server-api.ts";
import type { World } from "./world.ts";

export type DirectDeps = {
  readonly plan: Plan;
  readonly world: World;
  readonly faults: Faults;
  /** Sessions begun. */
  readonly begun: () => number;
  readonly onEnded: () => void;
  readonly tell: (line: string) => void;
};

type Stage = DirectDeps & { readonly api: ServerApi };
type Verb = "rollback" | "abort" | "promote";

const LOOK_EVERY_MS = 150;
const GIVES_UP_AFTER_MS = 120_000;
/** A partition has begun for so long when the rollout is taken back: the last lease before it is some time old. */
const INTO_PARTITION_MS: Readonly<Record<string, number>> = { cutServer: 100, stallServer: 400, lateLease: 500 };

/** Carries out the plan's rollouts one after the other, as a person would. Answers the phase that each has to end in. */
export async function directRollouts(deps: DirectDeps): Promise<ReadonlyMap<string, string>> {
  const stage: Stage = { ...deps, api: createServerApi(deps.world.serverUrl) };
  const expected = new Map<string, string>();
  for (const [index, planned] of deps.plan.rollouts.entries()) {
    await until(stage, () => deps.begun() >= planned.at);
    await apply(planned, index, stage);
    if (planned.replaces) await tellEnd(deps.plan.rollouts[index - 1] ?? planned, stage);
    if (planned.meetsAnother) expected.set(`${planned.name}-other`, await meetAnother(planned, index, stage));
    await pauseAWhile(planned, stage);
    expected.set(planned.name, EXPECTED_PHASE[planned.ending]);
    const next = deps.plan.rollouts[index + 1];
    await end(planned, stage, () => deps.begun() >= (next?.at ?? deps.plan.sessions));
    if (planned.ending !== "supersede") await tellEnd(planned, stage);
  }
  return expected;
}

async function tellEnd({ name, weights, ending }: PlannedRollout, stage: Stage): Promise<void> {
  const ended = await untilRollout(name, stage, isFinal);
  stage.onEnded();
  stage.tell(`rollout ${name} (${weights.join(", ")} %): ${ending} → ${ended.phase.kind}`);
}

async function apply(planned: PlannedRollout, index: number, stage: Stage): Promise<void> {
  const release = stage.world.releases[index + 1]?.digest ?? "";
  await until(stage, async () => {
    if ((await stage.api.rollout(planned.name)) !== null) return true;
    await stage.api.post("/v1/rollouts?actor=check", rolloutFile(planned, release));
    return false;
  });
}

/** What became of it: `refused`, as long as the first one is under way. */
async function meetAnother(planned: PlannedRollout, index: number, stage: Stage): Promise<string> {
  const release = stage.world.releases[index + 1]?.digest ?? "";
  const other = { ...planned, name: `${planned.name}-other`, replaces: false };
  await until(stage, async () => {
    const answer = await stage.api.post("/v1/rollouts?actor=check", rolloutFile(other, release));
    if (answer !== null && answer.code !== "rollout_active")
      throw new Error(`${other.name}: found ${answer.status} ${answer.code}, expected rollout_active`);
    return answer !== null;
  });
  return "refused";
}

async function pauseAWhile({ name, pauses, at, endAt }: PlannedRollout, stage: Stage): Promise<void> {
  if (!pauses) return;
  await until(stage, () => stage.begun() >= (at + endAt) / 2);
  await stage.api.post(`/v1/rollouts/${name}/pause`, { actor: "check", reason: "" });
  await delay(500);
  await until(stage, async () => {
    const rollout = await stage.api.rollout(name);
    if (rollout === null) return false;
    if (rollout.phase.kind !== "Paused" || rollout.phase.why !== "manual") return true;
    await stage.api.post(`/v1/rollouts/${name}/resume`, { actor: "check", reason: "" });
    return false;
  });
}

async function end(planned: PlannedRollout, stage: Stage, isOver: () => boolean): Promise<void> {
  const { name, endAt, ending, endsIn } = planned;
  // The next one does it.
  if (ending === "supersede") return;
  if (ending === "succeed") {
    await succeed(name, stage, isOver);
    return;
  }
  await until(stage, () => stage.begun() >= endAt);
  if (ending === "promoteAndRollBack") await command(name, "promote", stage);
  if (ending === "promoteAndRollBack") await untilRollout(name, stage, ({ phase }) => phase.kind === "Succeeded");
  if (endsIn !== null) {
    const ms = endsIn.action === "lateLease" ? 1300 : 4000;
    void stage.faults.inflict({ ...endsIn, ms });
    await delay(INTO_PARTITION_MS[endsIn.action] ?? 0);
  }
  await command(name, ending === "promoteAndRollBack" ? "rollback" : ending, stage);
}

/** The gates let it go; with too few sessions to judge by, a person does in the end. */
async function succeed(name: string, stage: Stage, isOver: () => boolean): Promise<void> {
  await until(stage, async () => {
    const rollout = await stage.api.rollout(name);
    const phase = rollout?.phase;
    if (phase?.kind === "Paused" && phase.why === "sampleRatio")
      await stage.api.post(`/v1/rollouts/${name}/resume`, { actor: "check", reason: "chance" });
    return phase?.kind === "Succeeded" || phase?.kind === "Promoting" || isOver();
  });
  const rollout = await untilRollout(name, stage, () => true);
  if (!["Succeeded", "Promoting"].includes(rollout.phase.kind)) await command(name, "promote", stage);
}

/** Until it is in the ledger: an answer may be lost, and before users met the canary there is nothing to take back. */
async function command(name: string, verb: Verb, stage: Stage): Promise<void> {
  const phases: Readonly<Record<Verb, readonly string[]>> = {
    rollback: ["RollingBack", "RolledBack"],
    abort: ["Aborting", "Aborted"],
    promote: ["Promoting", "Succeeded"],
  };
  await until(stage, async () => {
    const answer = await stage.api.post(`/v1/rollouts/${name}/${verb}`, { actor: "check", reason: "" });
    if (answer?.status === 200) return true;
    const rollout = await stage.api.rollout(name);
    return rollout !== null && phases[verb].includes(rollout.phase.kind);
  });
}

async function untilRollout(id: string, stage: Stage, holds: (rollout: Rollout) => boolean): Promise<Rollout> {
  let last: Rollout | null = null;
  await until(stage, async () => {
    last = await stage.api.rollout(id);
    return last !== null && holds(last);
  });
  if (last === null) throw new Error(`found no rollout ${id}`);
  return last;
}

async function until(stage: Stage, holds: () => boolean | Promise<boolean>): Promise<void> {
  let begun = -1;
  let since = performance.now();
  while (!(await holds())) {
    if (stage.begun() !== begun) since = performance.now();
    begun = stage.begun();
    if (performance.now() - since > GIVES_UP_AFTER_MS) throw new Error(`waited in vain: ${holds.toString()}`);
    await delay(LOOK_EVERY_MS);
  }
}
