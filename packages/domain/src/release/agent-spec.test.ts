import { describe, expect, test } from "vitest";
import { agentSpecJsonSchema, checkAgentSpec } from "./agent-spec.ts";

const VALID = {
  apiVersion: "perch.dev/v1",
  kind: "Agent",
  metadata: { name: "support", version: "2.3.1" },
  spec: {
    model: { provider: "openai", name: "gpt-x", parameters: { temperature: 0.2, max_tokens: 400 } },
    prompts: [{ name: "system", role: "system", file: "prompts/system.md" }],
    tools: [
      {
        name: "refund",
        description: "Pays an order back.",
        effect: "write",
        parameters: { type: "object", properties: { token: { type: "string" }, password: { type: "string" } } },
        auth: { ref: "env:SHOP_TOKEN" },
      },
      { name: "escalate", description: "Hands over.", effect: "write", parameters: { file: "tools/escalate.json" } },
    ],
    orchestration: { directory: "app", entrypoint: "main.mjs", framework: { name: "ai", version: "7.0.0" } },
    policy: { escalationTools: ["escalate"], successTools: ["refund"] },
  },
};

function problemsOf(edit: (spec: typeof VALID & Record<string, unknown>) => unknown): readonly string[] {
  const copy = structuredClone(VALID) as typeof VALID & Record<string, unknown>;
  edit(copy);
  const checked = checkAgentSpec(copy);
  return checked.kind === "valid" ? [] : checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("a complete agent.yaml is valid", () => {
  expect(problemsOf(() => null)).toEqual([]);
});

describe("an agent.yaml is refused with the place, what was found and what was expected:", () => {
  test("unknown fields, at any depth, each by itself", () => {
    expect(
      problemsOf((agent) => Object.assign(agent, { extra: 1 }) && Object.assign(agent.spec.model, { nam: "x" })),
    ).toEqual([
      'spec.model.nam: found field "nam", which spec.model does not have',
      'extra: found field "extra", which agent.yaml does not have',
    ]);
  });

  test("missing and mistyped fields, all at once", () => {
    expect(
      problemsOf((agent) => {
        Reflect.deleteProperty(agent.spec.model, "provider");
        Object.assign(agent.metadata, { version: 2.3 });
        Object.assign(agent.spec.prompts[0] ?? {}, { role: "robot" });
        Object.assign(agent.spec.tools[0] ?? {}, { effect: null });
      }),
    ).toEqual([
      "metadata.version: found the number 2.3 at metadata.version, expected a string",
      "spec.model.provider: found nothing at spec.model.provider, expected a string",
      'spec.prompts.0.role: found "robot" at spec.prompts[0].role, expected "system" or "task" or "few-shot"',
      'spec.tools.0.effect: found null at spec.tools[0].effect, expected "read" or "idempotent" or "write"',
    ]);
  });

  test.each(["/etc/passwd", "../other/system.md", "a/../../b", "C:/x", "a\\b", ""])("the path %j", (file) => {
    expect(problemsOf((agent) => Object.assign(agent.spec.prompts[0] ?? {}, { file }))).toHaveLength(1);
  });

  test("an orchestration that is neither complete directory nor pinned image", () => {
    expect(problemsOf((agent) => Object.assign(agent.spec, { orchestration: { directory: "app" } }))).toEqual([
      "spec.orchestration.entrypoint: found nothing at spec.orchestration.entrypoint, expected a string",
      "spec.orchestration.framework: found nothing at spec.orchestration.framework, expected an object",
    ]);
    expect(problemsOf((agent) => Object.assign(agent.spec, { orchestration: { image: "acme/app:latest" } }))).toEqual([
      'spec.orchestration.image: found "acme/app:latest" at spec.orchestration.image, ' +
        "expected a container image with its digest: NAME@sha256:…",
    ]);
  });

  test("two tools with one name, also when only their letters' case differs", () => {
    expect(problemsOf((agent) => Object.assign(agent.spec.tools[1] ?? {}, { name: "Refund" }))).toEqual([
      'spec.tools.1.name: found "Refund" at spec.tools[1].name, expected a name not used before',
      'spec.policy.escalationTools.0: found tool "escalate", expected one that spec.tools declares',
    ]);
  });

  test("memory translators that are no range and lie outside, and ones that no directory holds", () => {
    const memory = {
      schema: { format: "avro", file: "memory.avsc" },
      store: { driver: "sqlite", auth: { ref: "env:DB" } },
      translators: [{ from: "1.x", module: "../a.mjs" }],
    };
    expect(problemsOf((agent) => Object.assign(agent.spec, { memory }))).toEqual([
      'spec.memory.translators.0.from: found "1.x" at spec.memory.translators[0].from, ' +
        'expected a range of versions such as ">=1.0.0 <2.0.0", or the digest of a release',
      'spec.memory.translators.0.module: found "../a.mjs" at spec.memory.translators[0].module, ' +
        "expected a relative path that stays inside the agent's directory, with forward slashes",
    ]);
    const orchestration = { image: `acme/app@sha256:${"0".repeat(64)}` };
    const translators = [{ from: "^1.0.0", module: "a.mjs" }];
    expect(
      problemsOf((agent) => Object.assign(agent.spec, { memory: { ...memory, translators }, orchestration })),
    ).toEqual([
      "spec.memory.translators: found translators, expected an orchestration directory that holds their modules",
    ]);
  });

  test("a tool with both a JSON Schema and an OpenAPI operation, and one with neither", () => {
    expect(problemsOf((agent) => Object.assign(agent.spec.tools[0] ?? {}, { openapi: {} }))).toEqual([
      'spec.tools.0.openapi: found field "openapi", which spec.tools[0] does not have',
    ]);
    expect(problemsOf((agent) => Reflect.deleteProperty(agent.spec.tools[0] ?? {}, "parameters"))).toEqual([
      "spec.tools.0.parameters: found nothing at spec.tools[0].parameters, expected an object",
    ]);
  });

  test("the name __proto__, which would be lost", () => {
    const parameters: unknown = JSON.parse('{"__proto__":{"a":1}}');
    expect(problemsOf((agent) => Object.assign(agent.spec.model, { parameters }))).toEqual([
      'spec.model.parameters.__proto__: found the field "__proto__", expected another name',
    ]);
  });

  test("a secret written where its reference belongs, and a field named like one, without repeating them", () => {
    const problems = problemsOf((agent) => {
      Object.assign(agent.spec.tools[0] ?? {}, { auth: "hunter2" });
      Object.assign(agent.spec, { "sk-abc123def456": 1 });
    });
    expect(problems).toEqual([
      "spec.tools.0.auth: found a string at spec.tools[0].auth, expected an object",
      expect.stringContaining("found field (a secret), which spec does not have"),
      expect.stringContaining("found a field whose name has the shape of a key or token"),
    ]);
  });

  test("more tools than a release may have", () => {
    const tools = Array.from({ length: 1001 }, (_, index) => ({
      name: `t${index}`,
      description: "d",
      effect: "read",
      parameters: {},
    }));
    expect(
      problemsOf((agent) => Object.assign(agent.spec, { tools, policy: { escalationTools: [], successTools: [] } })),
    ).toEqual(["spec.tools: found a list at spec.tools, expected at most 1000 items"]);
  });

  test.each(["apiKey", "OPENAI_API_KEY", "db-password", "token", "clientSecret"])("a secret by its name %j", (name) => {
    expect(problemsOf((agent) => Object.assign(agent.spec.model.parameters, { [name]: "hunter2" }))).toEqual([
      `spec.model.parameters.${name}: found a value for "${name}", expected no secrets: refer to one with auth: { ref: NAME }`,
    ]);
  });

  test.each([
    "sk-abc123def456",
    "sk-proj-AbCdEfGhIjKlMnOpQrStUvWx",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHxvAy2mQvPpq3kZ9tY0",
  ])("a secret by its shape, without repeating it: %s", (secret) => {
    const problems = problemsOf((agent) => Object.assign(agent.spec.model, { name: `x ${secret}` }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^spec\.model\.name: found a value with the shape of a key or token/);
    expect(problems.join("")).not.toContain(secret);
  });
});

test.each([{ stop_token: "</s>" }, { max_tokens: 5 }, { name: "task-force-sk-1" }, { note: "sk-learn pipeline" }])(
  "%j is no secret",
  (parameters) => {
    expect(problemsOf((agent) => Object.assign(agent.spec.model.parameters, parameters))).toEqual([]);
  },
);

test.each([null, "text", 3, [], {}])("%j is refused, not crashed on", (value) => {
  expect(checkAgentSpec(value).kind).toBe("invalid");
});

test("the published JSON Schema refuses unknown fields too", () => {
  expect(agentSpecJsonSchema()).toMatchObject({
    type: "object",
    additionalProperties: false,
    required: ["apiVersion", "kind", "metadata", "spec"],
    properties: { kind: { const: "Agent" } },
  });
});
