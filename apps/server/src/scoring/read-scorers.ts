import { createHttpJudge } from "@perch/adapters/http-judge";
import { createSentimentScorer } from "@perch/adapters/sentiment";
import { budgetOf, checkScorersFile, parseDurationMs, type HttpScorerEntry, type ScorersFile } from "@perch/domain";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { readFlagYaml, unusableFlag } from "../read-flag-yaml.ts";
import type { ConfiguredScorer } from "./configured-scorer.ts";

const FLAG = "--scorers";

type Environment = Readonly<Record<string, string | undefined>>;

/** The scorers that a file names. Throws `UsageError` with every problem and its place; no secret is ever repeated. */
export function readScorers(file: string, env: Environment): readonly ConfiguredScorer[] {
  const problems: string[] = [];
  const { scorers } = readScorersFile(file);
  const configured = scorers.map((entry) => {
    if (entry.type === "sentiment") return configureSentiment(entry);
    return configureHttp(entry, {
      directory: dirname(file),
      env,
      problem: (text) => problems.push(`${file}: ${text}`),
    });
  });
  if (problems.length > 0) throw unusableFlag(FLAG, problems);
  return configured;
}

function readScorersFile(file: string): ScorersFile {
  const { value, placeOf } = readFlagYaml(FLAG, file);
  const checked = checkScorersFile(value);
  if (checked.kind === "valid") return checked.file;
  throw unusableFlag(
    FLAG,
    checked.problems.map(({ path, message }) => {
      const { line, column } = placeOf([...path]);
      return `${file}:${line}:${column}: ${message}`;
    }),
  );
}

function configureSentiment(entry: Extract<ScorersFile["scorers"][number], { type: "sentiment" }>): ConfiguredScorer {
  return {
    scorer: createSentimentScorer(entry.name),
    ...selectionOf(entry),
    sendsWords: false,
    limits: { attempts: 1, giveUpAfterMs: 60_000, timeoutMs: 1000 },
    concurrency: 16,
    queue: 100_000,
    budget: { callsPerHour: null, callsPerDay: null, usdPerHour: null, usdPerDay: null, usdPerCall: 0 },
  };
}

type Surroundings = {
  readonly directory: string;
  readonly env: Environment;
  readonly problem: (text: string) => void;
};

function configureHttp(entry: HttpScorerEntry, surroundings: Surroundings): ConfiguredScorer {
  const timeoutMs = parseDurationMs(entry.timeout) ?? 0;
  const { name, version, url, scores, attempts, concurrency, queue } = entry;
  return {
    scorer: createHttpJudge({ name, version, url, scores, timeoutMs, auth: authOf(entry, surroundings) }),
    ...selectionOf(entry),
    sendsWords: entry.words === "send",
    limits: { attempts, giveUpAfterMs: parseDurationMs(entry.giveUpAfter) ?? 0, timeoutMs },
    concurrency,
    queue,
    budget: budgetOf(entry),
  };
}

function selectionOf(entry: ScorersFile["scorers"][number]): Pick<ConfiguredScorer, "agents" | "samplePercent"> {
  return { agents: entry.agents === undefined ? null : new Set(entry.agents), samplePercent: entry.samplePercent };
}

function authOf(
  { name, auth }: HttpScorerEntry,
  { directory, env, problem }: Surroundings,
): Parameters<typeof createHttpJudge>[0]["auth"] {
  if (auth === undefined) return null;
  const { header, prefix } = auth;
  if ("env" in auth) {
    const secret = env[auth.env] ?? "";
    if (secret === "") problem(`scorer ${name}: the environment variable ${auth.env} is not set, expected its secret`);
    return async () => ({ header, value: `${prefix}${secret}` });
  }
  const file = resolve(directory, auth.file);
  const read = async (): Promise<string> => (await readFile(file, "utf8")).trim();
  try {
    if (readFileSync(file, "utf8").trim() === "") problem(`scorer ${name}: ${auth.file} is empty, expected its secret`);
  } catch {
    problem(`scorer ${name}: ${auth.file} cannot be read, expected its secret`);
  }
  return async () => ({ header, value: `${prefix}${await read()}` });
}
