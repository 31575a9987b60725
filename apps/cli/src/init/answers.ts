import { basename, resolve } from "node:path";
import { isSemanticVersion, looksSecret, parseAgentName } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { readInputFile } from "../read-input-file.ts";
import type { Asker, Question } from "./asker.ts";
import type { InitFlags } from "./init-flags.ts";

/** What a person decides about a new agent. */
export type Answers = {
  readonly name: string;
  readonly version: string;
  readonly model: { readonly provider: string; readonly name: string };
  readonly prompt: string;
  /** Empty: none. */
  readonly toolsFromOpenapi: string;
  readonly toolsFromMcp: string;
};

const DEFAULT_PROMPT =
  "You are a helpful assistant. Answer in a few short sentences. Use your tools for what you cannot know yourself, " +
  "and say so when one of them fails.";

/** Takes what the options say, asks for the rest, and takes the defaults where nobody is there to ask. */
export async function gatherAnswers(directory: string, flags: InitFlags, asker: Asker | null): Promise<Answers> {
  const given = await givenAnswers(flags);
  const questions = questionsFor(directory);
  if (asker === null) requireAnswers(given, flags);
  const answers: Record<Asked, string> = { ...NOTHING };
  for (const key of ASKED) {
    const value = given[key];
    if (value !== undefined) answers[key] = checked(value, questions[key], key);
    else answers[key] = asker === null ? questions[key].fallback : await asker.ask(questions[key]);
  }
  const { name, version, prompt } = answers;
  const tools = { toolsFromOpenapi: orNone(answers.toolsFromOpenapi), toolsFromMcp: orNone(answers.toolsFromMcp) };
  return { name, version, prompt, model: parseModel(answers.model), ...tools };
}

const ASKED = ["name", "version", "model", "prompt", "toolsFromOpenapi", "toolsFromMcp"] as const;
type Asked = (typeof ASKED)[number];
const NOTHING = { name: "", version: "", model: "", prompt: "", toolsFromOpenapi: "", toolsFromMcp: "" };

function questionsFor(directory: string): Readonly<Record<Asked, Question>> {
  return {
    name: {
      text: "Name",
      explanation: "in URLs and releases: lower-case letters, digits, dashes",
      fallback: defaultName(directory),
      problemOf: nameProblem,
    },
    version: {
      text: "Version",
      explanation: "of the first release",
      fallback: "0.1.0",
      problemOf: (answer) => (isSemanticVersion(answer) ? null : 'expected a semantic version such as "0.1.0"'),
    },
    model: {
      text: "Model",
      explanation: "provider/name, as the provider's API calls it",
      fallback: "openai/gpt-4.1-mini",
      problemOf: modelProblem,
    },
    prompt: {
      text: "System prompt",
      explanation: "a first sentence or two; prompts/system.md can be edited later",
      fallback: DEFAULT_PROMPT,
      problemOf: promptProblem,
    },
    toolsFromOpenapi: {
      text: "Tools from OpenAPI",
      explanation: "a file or URL",
      fallback: "none",
      problemOf: () => null,
    },
    toolsFromMcp: {
      text: "Tools from an MCP server",
      explanation: "its URL, or the command that starts it",
      fallback: "none",
      problemOf: () => null,
    },
  };
}

function orNone(answer: string): string {
  return answer === "none" ? "" : answer;
}

async function givenAnswers(flags: InitFlags): Promise<Partial<Record<Asked, string>>> {
  const { promptFile, ...rest } = flags;
  if (promptFile === undefined) return rest;
  if (flags.prompt !== undefined) {
    throw usage("--prompt and --prompt-file", "one of them", "leave one of them out");
  }
  const wish = { expected: "the text of the system prompt", hint: "give a text file: --prompt-file FILE" };
  return { ...rest, prompt: await readInputFile(promptFile, wish) };
}

/** Without a terminal a default has to be asked for, so that no script makes an agent with the wrong name. */
function requireAnswers(given: Partial<Record<Asked, string>>, flags: InitFlags): void {
  if (flags.yes === true) return;
  const missing = (["name", "version", "model", "prompt"] as const).filter((key) => given[key] === undefined);
  if (missing.length === 0) return;
  const names = missing.map((key) => `--${key}`).join(", ");
  throw usage(
    `no ${names} and no terminal to ask on`,
    "an answer to each",
    "give them, or take the defaults with --yes",
  );
}

function checked(value: string, { problemOf }: Question, key: Asked): string {
  const problem = problemOf(value);
  if (problem === null) return value;
  const shown = key === "prompt" ? "" : ` ${JSON.stringify(value.slice(0, 200))}`;
  throw usage(`--${key}${shown}`, problem.replace(/^expected /, ""), "`perch init --help` says what each option takes");
}

function usage(found: string, expected: string, hint: string): CliError {
  return new CliError({ code: "usage", message: `found ${found}, expected ${expected}`, hint });
}

function defaultName(directory: string): string {
  const name = basename(resolve(directory))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return name === "" ? "agent" : name;
}

function nameProblem(answer: string): string | null {
  try {
    parseAgentName(answer);
    return null;
  } catch {
    return "expected lower-case letters, digits and dashes, at most 63";
  }
}

function modelProblem(answer: string): string | null {
  const { provider, name } = parseModel(answer);
  const isComplete = provider !== "" && name !== "" && provider.length <= 100 && name.length <= 200;
  return isComplete && !/\s/.test(answer) ? null : 'expected PROVIDER/NAME such as "openai/gpt-4.1-mini"';
}

function parseModel(text: string): Answers["model"] {
  const slash = text.indexOf("/");
  return slash < 0 ? { provider: "", name: text } : { provider: text.slice(0, slash), name: text.slice(slash + 1) };
}

function promptProblem(answer: string): string | null {
  if (answer.trim() === "") return "expected a text";
  if (!answer.isWellFormed()) return "expected Unicode text";
  return looksSecret(answer) ? "expected a text without the shape of a key or token" : null;
}
