import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RolloutView } from "@perch/api";
import { createApiClient, type ApiClient } from "../api-client.ts";
import { startDeployment, type Deployment } from "../deploy/start-deployment.ts";
import { supervise } from "../process/supervise.ts";
import { processFiles, startPerch, type Perch } from "../up/start-perch.ts";
import { startCustomers, type Customers } from "./customers.ts";
import { followRollout } from "./follow-rollout.ts";
import { makeReleases } from "./make-releases.ts";
import { recordsAreIn } from "./records-are-in.ts";
import { toResult, type DemoResult } from "./result.ts";
import { planOf, type Scenario, type ScenarioPlan } from "./scenario.ts";

export type DemoOptions = {
  readonly scenario: Scenario;
  readonly data: string;
  /** Nothing was in the data directory before, so that a seed gives the same sessions again. */
  readonly isFreshData: boolean;
  readonly port: number;
  readonly gatewayPort: number;
  /** Simulated sessions a second that are aimed at. */
  readonly rate: number;
  readonly seed: number;
  readonly onNote: (text: string) => void;
  readonly onProgress: (view: RolloutView, ratePerSecond: number) => void;
  /** True as soon as the person wants to stop. */
  readonly stopped: () => boolean;
};

export type Demo = {
  readonly result: DemoResult;
  stop(): Promise<void>;
};

const NOTICE = "Simulated customers and a scripted model: no real people, no real model";
/** Spans are exported every 300 ms; this leaves them time to arrive before a session is judged. */
const LATENESS_MS = 1_500;
const TICK_MS = 250;
const WARM_UP_MS = 4_000;

/** Plays the whole story and leaves server and gateway running, so that the console can be looked at. */
export async function runDemo(options: DemoOptions): Promise<Demo> {
  const plan = planOf(options.scenario);
  const cast = createCast();
  try {
    const { perch, client } = await setTheStage(options, plan, cast);
    const customers = await admitCustomers(options, perch, cast);
    const rollout = await startRollout(client, options, plan);
    options.onNote(`rollout ${rollout.id}: 5 % of new sessions go to ${plan.canary}`);
    const last = await followRollout(client, rollout.id, {
      deadlineMs: plan.deadlineMs,
      onView: (view) => options.onProgress(view, customers.totals().ratePerSecond),
      stopped: options.stopped,
    });
    const totals = await customers.stop();
    await recordsAreIn(perch.gateway.url);
    const result = toResult({
      scenario: options.scenario,
      // Read once more: those who met the canary while the rollback was on its way have been counted by now.
      rollout: await client.rollout(last.id),
      customers: totals,
      restarts: { server: perch.server.restarts(), gateway: perch.gateway.restarts() },
      consoleUrl: perch.server.url,
    });
    return { result, stop: () => cast.leave() };
  } catch (error) {
    await cast.leave();
    throw error;
  }
}

async function setTheStage(
  options: DemoOptions,
  plan: ScenarioPlan,
  cast: Cast,
): Promise<{ perch: Perch; client: ApiClient }> {
  const { data, onNote } = options;
  mkdirSync(data, { recursive: true });
  onNote(plan.story);
  const digests = await makeReleases(data, [plan.baseline, plan.canary]);
  for (const [version, digest] of digests) onNote(`built and signed support@${version}  ${digest.slice(0, 19)}…`);

  const perch = await startPerch({
    data,
    serverPort: options.port,
    gatewayPort: options.gatewayPort,
    notice: NOTICE,
    latenessMs: LATENESS_MS,
    tickMs: TICK_MS,
    onEvent: onNote,
  });
  cast.join(() => perch.stop());
  onNote(`console ${perch.server.url}   gateway ${perch.gateway.url}`);

  const env = await modelEnvironment(options, cast);
  for (const version of [plan.baseline, plan.canary]) {
    const deployment = await deploy(options, { version, serverUrl: perch.server.url, env });
    cast.join(() => deployment.stop());
    onNote(`support@${version} runs at ${deployment.url}, its signature verified`);
  }
  return { perch, client: createApiClient(perch.server.url) };
}

/** A real endpoint where one is configured; else the scripted model, which is labelled as simulated. */
async function modelEnvironment({ data }: DemoOptions, cast: Cast): Promise<NodeJS.ProcessEnv> {
  if (process.env["OPENAI_BASE_URL"] !== undefined) return {};
  const main = fileURLToPath(import.meta.resolve("@perch/example-scripted-model/main"));
  const model = await supervise({
    name: "scripted-model",
    command: process.execPath,
    args: (port) => [main, "--port", String(port)],
    port: 0,
    ...processFiles(data)("scripted-model"),
  });
  cast.join(() => model.stop());
  return { OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: "simulated" };
}

async function deploy(
  { data }: DemoOptions,
  what: { version: string; serverUrl: string; env: NodeJS.ProcessEnv },
): Promise<Deployment> {
  return startDeployment({
    reference: `support@${what.version}`,
    serverUrl: what.serverUrl,
    dataDirectory: data,
    env: what.env,
  });
}

async function admitCustomers(options: DemoOptions, perch: Perch, cast: Cast): Promise<Customers> {
  const log = createWriteStream(join(options.data, "logs", "customers.log"), { flags: "a" });
  const target = `${perch.gateway.url}/support`;
  const runId = options.isFreshData ? `seed-${options.seed}` : null;
  const customers = startCustomers({ target, rate: options.rate, seed: options.seed, runId, log });
  cast.join(async () => {
    await customers.stop();
    log.end();
  });
  options.onNote(`simulated customers arrive, ${options.rate} sessions a second`);
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  return customers;
}

/** The rollout file of the example, with a salt that makes the draw of the canary's sessions repeatable. */
async function startRollout(client: ApiClient, options: DemoOptions, plan: ScenarioPlan): Promise<RolloutView> {
  const agent = fileURLToPath(import.meta.resolve("@perch/example-support-agent/package.json"));
  const yaml = readFileSync(join(agent, "..", "rollouts", `${plan.canary}.yaml`), "utf8");
  return client.startRollout(yaml.replace("seed: auto", `seed: demo-${options.seed}`));
}

/** Everybody on stage, in order of appearance; they leave in the opposite order. */
type Cast = { join(leave: () => Promise<void>): void; leave(): Promise<void> };

function createCast(): Cast {
  let present: (() => Promise<void>)[] = [];
  return {
    join: (leave) => present.push(leave),
    async leave() {
      const leaving = present.toReversed();
      present = [];
      for (const leave of leaving) await leave();
    },
  };
}
