import { z } from "zod";
import { describeIssues, type SpecProblem } from "../release/spec-problem.ts";
import { parseDurationMs } from "../rollout/duration.ts";
import { positiveDuration } from "../rollout/duration-schema.ts";
import { parseAgentName } from "../routing/ids.ts";
import { exhausted, type Budget } from "./budget.ts";

const MOST_SCORERS = 20;

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "a name of lower-case letters, digits, dots and dashes")
  .describe("What its scores are said to come from.");
const scoreName = z.string().min(1).max(100);
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,100}$/, "the name of an environment variable");
const headerName = z.string().regex(/^[a-z0-9-]{1,60}$/, "a header's name in lower case");

const selection = {
  agents: z
    .array(z.string().refine(isAgentName, "the name of an agent"))
    .min(1)
    .max(1000)
    .optional()
    .describe("Whose sessions; everybody's unless said."),
  samplePercent: z
    .number()
    .gt(0)
    .max(100)
    .default(100)
    .describe("Share of sessions that are judged: the same ones whatever the arm."),
};

const authSchema = z
  .union([
    z.strictObject({
      header: headerName.default("authorization"),
      prefix: z.string().max(60).default("Bearer "),
      env: environmentName,
    }),
    z.strictObject({
      header: headerName.default("authorization"),
      prefix: z.string().max(60).default("Bearer "),
      file: z.string().min(1).max(1000).describe("Read anew for each call; relative to this file."),
    }),
  ])
  .describe("A header with a secret, from the environment or a file. The secret itself never stands here.");

const budgetSchema = z
  .strictObject({
    callsPerHour: z.number().int().positive().max(1e6).optional(),
    callsPerDay: z.number().int().positive().max(1e7).optional(),
    usdPerHour: z.number().positive().max(1e5).optional(),
    usdPerDay: z.number().positive().max(1e6).optional(),
    usdPerCall: z.number().nonnegative().max(1e4).default(0).describe("What a call may cost, until the judge says it."),
  })
  .describe("Within any hour and any day. Sessions beyond it stay without a score, in both arms alike.");

const httpSchema = z.strictObject({
  name,
  version: z.string().min(1).max(200).describe("Change it whenever the judge's model, prompt or scale changes."),
  type: z.literal("http"),
  url: z.string().refine(isHttpUrl, "an http or https URL without user name and password"),
  scores: z.array(scoreName).min(1).max(20).describe("Names of the scores that it gives; others are refused."),
  ...selection,
  words: z
    .enum(["send", "keep-out"])
    .default("keep-out")
    .describe("send: what user and agent said is kept until the session is judged, and sent. keep-out: it is neither."),
  auth: authSchema.optional(),
  timeout: positiveDuration.default("30s").describe("Of one call."),
  attempts: z.number().int().min(1).max(20).default(4),
  giveUpAfter: positiveDuration.default("5m").describe("A session matures without the score after this long."),
  concurrency: z.number().int().min(1).max(64).default(4),
  queue: z.number().int().min(1).max(100_000).default(1000).describe("Sessions that may wait; more stay unscored."),
  budget: budgetSchema.optional(),
});

const sentimentSchema = z
  .strictObject({ name, type: z.literal("sentiment"), ...selection })
  .describe("The mood of the user's own words, -1 to 1, as the score `sentiment`. Local; for comparisons only.");

const scorersSchema = z
  .strictObject({
    apiVersion: z.literal("perch.dev/v1"),
    kind: z.literal("Scorers"),
    scorers: z
      .array(z.discriminatedUnion("type", [httpSchema, sentimentSchema]))
      .min(1)
      .max(MOST_SCORERS),
  })
  .meta({ title: "Perch scorers", description: "Who judges sessions, which ones, and what that may cost." });

/** The scorers' file as it is written, with what is left out filled in. */
export type ScorersFile = z.infer<typeof scorersSchema>;
export type HttpScorerEntry = Extract<ScorersFile["scorers"][number], { type: "http" }>;

export type CheckedScorersFile =
  | { readonly kind: "valid"; readonly file: ScorersFile }
  | { readonly kind: "invalid"; readonly problems: readonly SpecProblem[] };

/** Every problem at once: shape, names and scores that two scorers claim, budgets that admit no call. */
export function checkScorersFile(value: unknown): CheckedScorersFile {
  const parsed = scorersSchema.safeParse(value);
  if (!parsed.success)
    return { kind: "invalid", problems: describeIssues(parsed.error.issues, value, "the scorers' file") };
  const problems = [...repeated(parsed.data), ...unaffordable(parsed.data), ...hasty(parsed.data)];
  return problems.length === 0 ? { kind: "valid", file: parsed.data } : { kind: "invalid", problems };
}

/** As `perch release schema --kind scorers` prints it. */
export function scorersJsonSchema(): unknown {
  return z.toJSONSchema(scorersSchema, { io: "input" });
}

export function budgetOf({ budget }: HttpScorerEntry): Budget {
  return {
    callsPerHour: budget?.callsPerHour ?? null,
    callsPerDay: budget?.callsPerDay ?? null,
    usdPerHour: budget?.usdPerHour ?? null,
    usdPerDay: budget?.usdPerDay ?? null,
    usdPerCall: budget?.usdPerCall ?? 0,
  };
}

function repeated({ scorers }: ScorersFile): readonly SpecProblem[] {
  const names = new Set<string>();
  const scores = new Map<string, string>();
  const problems: SpecProblem[] = [];
  for (const [index, scorer] of scorers.entries()) {
    const path = ["scorers", index];
    if (names.has(scorer.name)) {
      const message = `found the name ${JSON.stringify(scorer.name)} again, expected another: budgets and samples go by it`;
      problems.push({ path: [...path, "name"], message });
    }
    names.add(scorer.name);
    for (const score of scorer.type === "http" ? scorer.scores : ["sentiment"]) {
      const other = scores.get(score);
      const message = `found the score ${JSON.stringify(score)}, which ${other} gives too, expected one scorer for it`;
      if (other !== undefined) problems.push({ path, message });
      scores.set(score, scorer.name);
    }
  }
  return problems;
}

function unaffordable({ scorers }: ScorersFile): readonly SpecProblem[] {
  const nothing = { calls: 0, usd: 0 };
  return scorers.flatMap((scorer, index) => {
    const bound = scorer.type === "http" ? exhausted(budgetOf(scorer), nothing, nothing) : null;
    if (bound === null) return [];
    const message = `found a budget of ${bound}, expected room for one call at least (usdPerCall)`;
    return [{ path: ["scorers", index, "budget"], message }];
  });
}

function hasty({ scorers }: ScorersFile): readonly SpecProblem[] {
  return scorers.flatMap((scorer, index) => {
    if (scorer.type !== "http" || msOf(scorer.giveUpAfter) >= msOf(scorer.timeout)) return [];
    const message = `found ${scorer.giveUpAfter}, expected at least the timeout of one call, ${scorer.timeout}`;
    return [{ path: ["scorers", index, "giveUpAfter"], message }];
  });
}

function msOf(text: string): number {
  return parseDurationMs(text) ?? 0;
}

function isAgentName(text: string): boolean {
  try {
    parseAgentName(text);
    return true;
  } catch {
    return false;
  }
}

function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHttp = url !== null && (url.protocol === "http:" || url.protocol === "https:");
  return isHttp && url.username === "" && url.password === "";
}
