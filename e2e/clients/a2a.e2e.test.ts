import { randomUUID } from "node:crypto";
import { Role, type AgentCard, type Message, type Part, type SendMessageRequest, type Task } from "@a2a-js/sdk";
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, type Client } from "@a2a-js/sdk/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createA2aAgent, type A2aVersion } from "./a2a-agent.ts";
import { expectOneReleaseEach, playStory } from "./story.ts";
import { beginWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await beginWorld({ agent: createA2aAgent, serverFlags: ["--targeting-key", "a2a"] });
});
afterAll(async () => await world.end());

async function cardAt(url: string): Promise<AgentCard> {
  return await new DefaultAgentCardResolver().resolve(`${url}/`);
}

/** Finds the agent by its card, and speaks to it as the card says in this version of the protocol. */
async function clientOf(index: number, spoken: A2aVersion): Promise<Client> {
  const { agentUrls } = world.stage;
  const fetchImpl = world.fetch(index);
  const card = await cardAt(agentUrls[0]);
  const supportedInterfaces = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion === spoken);
  const transports = [new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } })];
  return await new ClientFactory({ transports }).createFromAgentCard({ ...card, supportedInterfaces });
}

function asking(value: string, contextId = ""): SendMessageRequest {
  const part: Part = { content: { $case: "text", value }, metadata: {}, filename: "", mediaType: "text/plain" };
  const ids = { messageId: randomUUID(), contextId, taskId: "", metadata: {} };
  const message = { ...ids, role: Role.ROLE_USER, parts: [part], extensions: [], referenceTaskIds: [] };
  return { tenant: "", message, configuration: undefined, metadata: {} };
}

function textOf({ parts }: { readonly parts: readonly Part[] }): string {
  return parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join();
}

const releaseOf = (answer: Message | Task): string =>
  "messageId" in answer ? textOf(answer) : answer.artifacts.map(textOf).join();

test("the agent's card names the gateway, and reading it is nobody's turn", async () => {
  world.beginScene();
  const { agentUrls } = world.stage;
  const card = await cardAt(agentUrls[1]);
  expect(card.supportedInterfaces.map(({ url }) => url)).toEqual([
    `${agentUrls[1]}/a2a?speaks=1.0`,
    `${agentUrls[1]}/a2a?speaks=0.3`,
  ]);
  expect(world.heard()).toMatchObject([{ session: null, path: "/.well-known/agent-card.json" }]);
});

const MANY = Array.from({ length: 8 }, (_, index) => index);

describe.each<[A2aVersion]>([["1.0"], ["0.3"]])("in version %s of the protocol", (spoken) => {
  test("a task whose stream broke off is looked at by its id and subscribed to again", async () => {
    world.beginScene();
    await Promise.all(
      MANY.map(async (index) => {
        const client = await clientOf(index, spoken);
        let id = "";
        for await (const { payload } of client.sendMessageStream(asking("task"))) {
          if (payload?.$case === "task") id = payload.value.id;
          break;
        }
        expect((await client.getTask({ tenant: "", id })).id).toBe(id);
        const seen: string[] = [];
        for await (const { payload } of client.resubscribeTask({ tenant: "", id })) seen.push(payload?.$case ?? "");
        expect(seen).toContain("artifactUpdate");
        const task = await client.getTask({ tenant: "", id });
        expect(releaseOf(task)).toMatch(/^1\.[01]\.0$/);
        const next = await client.sendMessage(asking("again", task.contextId));
        expect(releaseOf(next)).toBe(releaseOf(task));
      }),
    );
    expectOneReleaseEach(world, MANY.length);
  });
});

test("contexts stay on their release through promotion, rollback and restarts", async () => {
  await playStory(world, async (index) => {
    const client = await clientOf(index, index % 4 < 2 ? "1.0" : "0.3");
    let contextId = "";
    return {
      async turn(text) {
        if (text.length % 2 === index % 2) {
          const answer = await client.sendMessage(asking(text, contextId));
          contextId = answer.contextId;
          return releaseOf(answer);
        }
        let release = "";
        for await (const { payload } of client.sendMessageStream(asking(text, contextId))) {
          if (payload?.$case !== "message") continue;
          contextId = payload.value.contextId;
          release = textOf(payload.value);
        }
        return release;
      },
    };
  });
});
