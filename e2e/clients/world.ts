import type { Server } from "node:http";
import { SCENE, startAgents, type Handler, type Heard } from "./agents.ts";
import { roundRobin } from "./round-robin.ts";
import { setStage, type Stage } from "./stage.ts";

/** Agents of two releases behind two gateways, with the rollout at 50 %. */
export type World = {
  readonly stage: Stage;
  /** What is heard from here on is looked at alone: what clients of an earlier scene still send is left out. */
  beginScene(): void;
  /** What the agents got in this scene, of all releases, in order. */
  heard(): readonly Heard[];
  /** A client's way to both gateways, in turn; part of the scene that it is made in. */
  fetch(index: number): typeof fetch;
  /** Make a request part of this scene. */
  sceneHeaders(): Readonly<Record<string, string>>;
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
  let scene = 0;
  const sceneHeaders = (): Readonly<Record<string, string>> => ({ [SCENE]: String(scene) });
  return {
    stage,
    beginScene() {
      scene += 1;
      agents.heard.length = 0;
    },
    heard: () => agents.heard.filter((heard) => heard.scene === null || heard.scene === String(scene)),
    fetch: (index) => roundRobin({ urls: stage.agentUrls, first: index, headers: sceneHeaders() }),
    sceneHeaders,
    async end() {
      await stage.clear();
      await agents.close();
    },
  };
}
