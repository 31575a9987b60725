import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayViewSchema, rolloutViewSchema, type RolloutView } from "@perch/api";
import { freePort } from "@perch/testkit/servers";
import { pushReleases } from "./releases.ts";
import { startProcess, type Started } from "./start-process.ts";
import { until } from "./until.ts";

export const BASELINE = "1.0.0";
export const CANARY = "1.1.0";
const ROLLOUT = "chat-1-1-0";

/** A real server with a real rollout of two signed releases, and two gateways that share their pins. */
export type Stage = {
  /** Where the agent is, at either gateway. */
  readonly agentUrls: readonly [string, string];
  readonly data: string;
  /** Half of the new sessions go to the canary. Each of these resolves when both gateways have the change. */
  startRollout(): Promise<void>;
  /** All of them do. */
  promote(): Promise<void>;
  /** None of them does. */
  rollBack(): Promise<void>;
  /** Each gateway is told to stop, ends when its streams have, and is started again at its place. */
  restartGateways(): Promise<void>;
  rollout(): Promise<RolloutView>;
  clear(): Promise<void>;
};

export type StageOptions = {
  /** The agents' URLs by release. */
  readonly agents: ReadonlyMap<string, string>;
  readonly serverFlags?: readonly string[];
  readonly gatewayFlags?: readonly string[];
};

export async function setStage({ agents, serverFlags = [], gatewayFlags = [] }: StageOptions): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "perch-clients-"));
  await pushReleases(data, [BASELINE, CANARY]);
  const server = await startProcess("server", ["--data", data, "--port", "0", "--tick", "50", ...serverFlags]);
  for (const [version, url] of agents) await post(server, "/v1/deployments", { release: `chat@${version}`, url });
  const startGateway = async (id: string, port: string): Promise<Started> =>
    await startProcess("gateway", [
      "--data",
      data,
      "--server",
      server.url,
      "--id",
      id,
      "--port",
      port,
      ...gatewayFlags,
    ]);
  // Each is started again at its place, which nobody may take meanwhile.
  const startAnew = async (id: string): Promise<Started> => await startGateway(id, String(await freePort()));
  const gateways = await Promise.all([startAnew("gw-1"), startAnew("gw-2")]);

  const rollout = async (): Promise<RolloutView> =>
    rolloutViewSchema.parse(await (await fetch(`${server.url}/v1/rollouts/${ROLLOUT}`)).json());
  const command = async (verb: string, flags: { readonly force?: boolean } = {}): Promise<void> => {
    await post(server, `/v1/rollouts/${ROLLOUT}/${verb}`, { actor: "e2e", reason: "the story goes so", ...flags });
    await untilAcknowledged(server);
  };
  await untilAcknowledged(server);
  return {
    agentUrls: [`${gateways[0].url}/chat`, `${gateways[1].url}/chat`],
    data,
    rollout,
    async startRollout() {
      await post(server, "/v1/rollouts", ROLLOUT_FILE);
      await until("half of the sessions to go to the canary", async () => (await rollout()).phase === "Baking");
      await untilAcknowledged(server);
    },
    promote: async () => await command("promote"),
    async rollBack() {
      // Whether the baseline is well enough to go back to is no part of the story.
      await command("rollback", { force: true });
      const { phase, reason } = await rollout();
      if (!["RollingBack", "RolledBack"].includes(phase)) throw new Error(`not rolled back, it is ${phase}: ${reason}`);
    },
    async restartGateways() {
      for (const [index, id] of ["gw-1", "gw-2"].entries()) {
        const before = gateways[index];
        if (before === undefined) continue;
        const code = await before.stop();
        if (code !== 0) throw new Error(`gateway ${id} ended with ${code}`);
        gateways[index] = await startGateway(id, new URL(before.url).port);
      }
      await untilAcknowledged(server);
    },
    async clear() {
      for (const started of [...gateways, server]) await started.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

const ROLLOUT_FILE = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: ${ROLLOUT} }
spec:
  agent: chat
  release: ${CANARY}
  steps: [ { setWeight: 50, pause: { requiresApproval: true } } ]
  analysis: { gates: [ { name: error-rate, kind: proportion, compare: { margin: 0.1 } } ] }
`;

/** Both gateways go by the server's present table. */
async function untilAcknowledged(server: Started): Promise<void> {
  await until("the table at both gateways", async () => {
    const views = gatewayViewSchema.array().parse(await (await fetch(`${server.url}/v1/gateways`)).json());
    return views.length === 2 && views.every(({ sync }) => sync === "Synced");
  });
}

async function post({ url }: Started, path: string, body: unknown): Promise<void> {
  const answer = await fetch(url + path, {
    method: "POST",
    ...(typeof body === "string"
      ? { body }
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}
