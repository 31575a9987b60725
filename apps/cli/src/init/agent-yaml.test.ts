import { checkAgentSpec, parseRolloutSpec } from "@perch/domain";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readYaml } from "@perch/adapters/yaml";
import type { AgentPlan } from "./agent-plan.ts";
import { agentYaml } from "./agent-yaml.ts";
import { escalationTools, ownTools } from "./own-tools.ts";
import { rolloutYaml } from "./rollout-yaml.ts";

const own = ownTools([]);
const plan: AgentPlan = {
  name: "support",
  version: "0.1.0",
  model: { provider: "openai", name: "small-1" },
  prompt: "Help.",
  framework: { name: "node", version: "24.0.0" },
  ownProgram: null,
  tools: own,
  escalationTools: escalationTools(own),
};

function read(text: string): unknown {
  const yaml = readYaml(text);
  expect(yaml).toMatchObject({ kind: "read" });
  return yaml.kind === "read" ? yaml.value : null;
}

test("agent.yaml is valid and says what was planned", () => {
  const checked = checkAgentSpec(read(agentYaml(plan)));
  expect(checked).toMatchObject({
    kind: "valid",
    spec: {
      metadata: { name: "support", version: "0.1.0" },
      spec: {
        tools: [{ name: "current_time" }, { name: "escalate_to_human" }],
        orchestration: { directory: "app", entrypoint: "main.mjs", framework: plan.framework },
        policy: { escalationTools: ["escalate_to_human"], successTools: [] },
      },
    },
  });
});

test("an agent without tools is valid too", () => {
  expect(checkAgentSpec(read(agentYaml({ ...plan, tools: [], escalationTools: [] })))).toMatchObject({ kind: "valid" });
});

test("whatever a text holds, it is read as that very text", () => {
  const anyText = fc
    .oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("no", "1.0", "a: b", "x #y", "- z", "'", '"', "a\nb\n", "*a", "\t", "|", "\u00a0"),
    )
    .filter((text) => text !== "");
  fc.assert(
    fc.property(anyText, anyText, anyText, (description, model, origin) => {
      const [tool] = own;
      const tools = tool === undefined ? [] : [{ ...tool, description, origin, authRef: model }];
      const value = read(agentYaml({ ...plan, model: { provider: model, name: model }, tools, escalationTools: [] }));
      expect(value).toMatchObject({
        spec: { model: { provider: model, name: model }, tools: [{ description, auth: { ref: model } }] },
      });
    }),
  );
});

describe("rollout.yaml", () => {
  test.each([
    ["0.1.0", "0.1.1"],
    ["1.2.3-rc.1+b", "1.2.3"],
    ["1.2.9+b-1", "1.2.10"],
    ["1.2.99999999999999999999", "1.2.100000000000000000000"],
  ])("after %s it is about %s", (version, next) => {
    const parsed = parseRolloutSpec(read(rolloutYaml({ ...plan, version })));
    expect(parsed).toMatchObject({
      kind: "valid",
      warnings: [],
      plan: { release: { agent: "support", version: next } },
    });
  });

  test("judges no escalations where no tool means one", () => {
    const parsed = parseRolloutSpec(read(rolloutYaml({ ...plan, escalationTools: [] })));
    expect(parsed).toMatchObject({
      kind: "valid",
      plan: { gates: [{ name: "error-rate" }, { name: "tool-error-rate" }] },
    });
  });
});
