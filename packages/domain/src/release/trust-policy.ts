import { z } from "zod";
import { parseAgentName } from "../routing/ids.ts";
import { describeIssues, type SpecProblem } from "./spec-problem.ts";

const MOST_RULES = 1_000;
const MOST_SIGNERS = 100;

const momentSchema = z
  .string()
  .refine(isMoment, "a time such as 2026-01-31T08:00:00Z, or a date such as 2026-01-31")
  .describe("RFC 3339. A date alone means its first moment in UTC.");

const windowShape = {
  since: momentSchema.optional().describe("Signatures count from this moment on."),
  until: momentSchema.optional().describe("Signatures count before this moment."),
};

const keySchema = z.union([
  z.strictObject({
    name: z.string().min(1).max(200).describe("What messages call the key."),
    file: z.string().min(1).max(1_000).describe("Public key in PEM, relative to the policy file."),
  }),
  z.strictObject({ name: z.string().min(1).max(200), pem: z.string().min(1).max(10_000).describe("The key itself.") }),
]);

const identitySchema = z.strictObject({
  issuer: z.string().min(1).max(1_000).describe("Who vouched for the identity, exactly as its certificate says it."),
  subject: z
    .string()
    .max(1_000)
    .regex(/[^*]/, "a subject with at least one character that is not *, so that not everybody may sign")
    .describe("The identity: an e-mail address or a URI. * stands for any characters, also none."),
});

const signerSchema = z.union([
  z.strictObject({ key: keySchema, ...windowShape }),
  z.strictObject({ identity: identitySchema, ...windowShape }),
]);

const ruleSchema = z.strictObject({
  agents: z
    .array(z.string().refine(isAgentPattern, 'an agent name or "*"'))
    .min(1)
    .max(MOST_RULES)
    .describe('Names of agents, or "*" for every agent that no other rule names.'),
  required: z.number().int().min(1).max(MOST_SIGNERS).optional().describe("How many of the signers; 1 by default."),
  signers: z.array(signerSchema).min(1).max(MOST_SIGNERS),
});

const trustPolicySchema = z
  .strictObject({
    apiVersion: z.literal("perch.dev/v1"),
    kind: z.literal("TrustPolicy"),
    trustedRoot: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .describe("Sigstore's trusted_root.json, relative to the policy file. Needed where a signer is an identity."),
    rules: z.array(ruleSchema).min(1).max(MOST_RULES),
  })
  .meta({ title: "Perch trust policy", description: "Whose signatures admit which agent's releases." });

/** A trust policy as its file has it: keys by file or PEM, times as text. */
export type TrustPolicyFile = z.infer<typeof trustPolicySchema>;

export type CheckedTrustPolicy =
  | { readonly kind: "valid"; readonly file: TrustPolicyFile }
  | { readonly kind: "invalid"; readonly problems: readonly SpecProblem[] };

/** Every problem at once: shape, agents that two rules name, windows and counts that nothing can satisfy. */
export function checkTrustPolicy(value: unknown): CheckedTrustPolicy {
  const parsed = trustPolicySchema.safeParse(value);
  if (!parsed.success)
    return { kind: "invalid", problems: describeIssues(parsed.error.issues, value, "the trust policy") };
  const problems = [...repeatedAgents(parsed.data), ...unsatisfiable(parsed.data)];
  return problems.length === 0 ? { kind: "valid", file: parsed.data } : { kind: "invalid", problems };
}

/** The JSON Schema of a trust policy, as `perch release schema --kind trust-policy` prints it. */
export function trustPolicyJsonSchema(): unknown {
  return z.toJSONSchema(trustPolicySchema, { io: "input" });
}

function repeatedAgents({ rules }: TrustPolicyFile): readonly SpecProblem[] {
  const seen = new Set<string>();
  const problems: SpecProblem[] = [];
  for (const [rule, { agents }] of rules.entries()) {
    for (const [index, agent] of agents.entries()) {
      const message = `found agent ${JSON.stringify(agent)} again, expected each agent in one place of one rule`;
      if (seen.has(agent)) problems.push({ path: ["rules", rule, "agents", index], message });
      seen.add(agent);
    }
  }
  return problems;
}

function unsatisfiable({ rules }: TrustPolicyFile): readonly SpecProblem[] {
  return rules.flatMap(({ required = 1, signers }, rule) => [
    ...(required > signers.length
      ? [
          {
            path: ["rules", rule, "required"],
            message: `found ${required} required of ${signers.length} signers, expected at most as many as there are`,
          },
        ]
      : []),
    ...signers.flatMap(({ since, until }, signer) =>
      since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until)
        ? [
            {
              path: ["rules", rule, "signers", signer, "until"],
              message: `found until ${until}, expected a moment after since ${since}`,
            },
          ]
        : [],
    ),
  ]);
}

function isMoment(text: string): boolean {
  return z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text).success;
}

function isAgentPattern(text: string): boolean {
  if (text === "*") return true;
  try {
    parseAgentName(text);
    return true;
  } catch {
    return false;
  }
}
