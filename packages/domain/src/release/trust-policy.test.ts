import { describe, expect, test } from "vitest";
import { checkTrustPolicy, trustPolicyJsonSchema } from "./trust-policy.ts";

const KEY = { key: { name: "team", file: "team.pub" } };
const IDENTITY = { identity: { issuer: "https://issuer.example", subject: "*@acme.example" } };

function aPolicy(rules: readonly unknown[], more: object = {}): unknown {
  return { apiVersion: "perch.dev/v1", kind: "TrustPolicy", rules, ...more };
}

function problemsOf(value: unknown): readonly string[] {
  const checked = checkTrustPolicy(value);
  return checked.kind === "valid" ? [] : checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("a policy with keys by file and by PEM, identities, counts and times is valid", () => {
  const rules = [
    {
      agents: ["support", "sales"],
      required: 2,
      signers: [
        { ...KEY, since: "2026-01-01" },
        { key: { name: "other", pem: "-----BEGIN PUBLIC KEY-----" }, until: "2027-01-01T00:00:00+02:00" },
        IDENTITY,
      ],
    },
    { agents: ["*"], signers: [KEY] },
  ];
  expect(problemsOf(aPolicy(rules, { trustedRoot: "trusted_root.json" }))).toEqual([]);
});

describe("a policy is refused", () => {
  const rule = { agents: ["*"], signers: [KEY] };
  test.each([
    ["that is empty", null, "found null, expected an object"],
    [
      "of another kind",
      { ...(aPolicy([rule]) as object), kind: "Policy" },
      'found "Policy" at kind, expected "TrustPolicy"',
    ],
    ["without rules", aPolicy([]), "found a list at rules, expected at least 1 items"],
    ["without signers", aPolicy([{ agents: ["*"], signers: [] }]), "expected at least 1 items"],
    [
      "with an unknown field at the top",
      aPolicy([rule], { rule: 1 }),
      'found field "rule", which the trust policy does not have',
    ],
    [
      "with an unknown field in a rule",
      aPolicy([{ ...rule, needed: 2 }]),
      'found field "needed", which rules[0] does not have',
    ],
    ["with a signer that is both", aPolicy([{ agents: ["*"], signers: [{ ...KEY, ...IDENTITY }] }]), "does not have"],
    ["with a bad agent name", aPolicy([{ ...rule, agents: ["Support Team"] }]), 'an agent name or "*"'],
    [
      "with a subject of stars only",
      aPolicy([{ agents: ["*"], signers: [{ identity: { issuer: "i", subject: "**" } }] }]),
      "not everybody",
    ],
    [
      "with a time that is none",
      aPolicy([{ agents: ["*"], signers: [{ ...KEY, since: "yesterday" }] }]),
      "a time such as",
    ],
    ["with none required", aPolicy([{ ...rule, required: 0 }]), "expected at least 1"],
    ["with more required than there are", aPolicy([{ ...rule, required: 2 }]), "found 2 required of 1 signers"],
    ["with an agent in two rules", aPolicy([rule, rule]), 'found agent "*" again'],
    ["with an agent twice in a rule", aPolicy([{ ...rule, agents: ["a", "a"] }]), 'found agent "a" again'],
    [
      "with a window that ends before it begins",
      aPolicy([{ agents: ["*"], signers: [{ ...KEY, since: "2026-02-01", until: "2026-01-01" }] }]),
      "found until 2026-01-01, expected a moment after since 2026-02-01",
    ],
  ])("%s", (_, value, message) => {
    expect(problemsOf(value).join("\n")).toContain(message);
  });

  test("with every problem at once", () => {
    const rules = [{ agents: ["A B"], required: "two", signers: [{ key: { name: "x" } }] }];
    expect(problemsOf(aPolicy(rules, { version: 1 }))).toHaveLength(4);
  });
});

test("the JSON Schema refuses unknown fields too", () => {
  expect(trustPolicyJsonSchema()).toMatchObject({ title: "Perch trust policy", additionalProperties: false });
});
