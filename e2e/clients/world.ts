import type { Server } from "node:http";
import { startAgents, type Handler, type Heard } from "./agents.ts";
import { setStage, type Stage } from "./stage.ts";

/** Agents of two releases behind two gateways, with the rollout at 50 %. */
export type World = {
  readonly stage: Stage;
  /** What the agents got, of all releases, in order. */
  readonly heard: Heard[];
  end(): Promise<void>;
};

export type WorldOptions = {
  /** The agent of one release; the server is for those that take a connection over. */
  readonly agent: (version: string, server: Server) => Handler;
  readonly serverFlags?: readonly string[];
  readonly gatewayFlags?: readonly string[];
};

export async function beginWorld({ agent, ...flags }: WorldOptions): Promise<World> {
  const agents = await startAgents(agent);
  const stage = await setStage({ agents: agents.urls, ...flags });
  await stage.startRollout();
  return {
    stage,
    heard: agents.heard,
    async end() {
      await stage.clear();
      await agents.close();
    },
  };
}
