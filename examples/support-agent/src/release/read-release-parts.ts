import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JSONSchema7 } from "ai";
import { z } from "zod";

/** The components of this agent's release that the program itself uses. */
export type ReleaseParts = {
  readonly systemPrompt: string;
  readonly model: {
    readonly name: string;
    readonly temperature: number | null;
    readonly maxOutputTokens: number | null;
  };
  readonly tools: ReadonlyMap<string, { readonly description: string; readonly parameters: JSONSchema7 }>;
  readonly escalationTools: ReadonlySet<string>;
};

export class ReleasePartsError extends Error {
  override readonly name = "ReleasePartsError";
}

const modelSchema = z.object({
  name: z.string().min(1),
  parameters: z
    .object({ temperature: z.number().optional(), max_tokens: z.number().int().positive().optional() })
    .optional(),
});
const toolSchema = z.object({
  name: z.string().min(1),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()),
});
const policySchema = z.object({ escalationTools: z.array(z.string()) });

/** Reads `components/` of a release directory as `perch deploy` lays it out. Throws `ReleasePartsError`. */
export async function readReleaseParts(releaseDirectory: string): Promise<ReleaseParts> {
  const components = join(releaseDirectory, "components");
  const toolDirectory = join(components, "tool");
  const toolFiles = await listDirectory(toolDirectory);
  const [systemPrompt, model, policy, ...tools] = await Promise.all([
    readText(join(components, "prompt", "system")),
    readPart(join(components, "model", "model.json"), modelSchema),
    readPart(join(components, "policy", "policy.json"), policySchema),
    ...toolFiles.map((file) => readPart(join(toolDirectory, file), toolSchema)),
  ]);
  return {
    systemPrompt,
    model: {
      name: model.name,
      temperature: model.parameters?.temperature ?? null,
      maxOutputTokens: model.parameters?.max_tokens ?? null,
    },
    tools: new Map(tools.map(({ name, description, parameters }) => [name, { description, parameters }])),
    escalationTools: new Set(policy.escalationTools),
  };
}

async function readPart<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(path);
  const parsed = schema.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  throw new ReleasePartsError(`${path}: ${z.prettifyError(parsed.error)}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ReleasePartsError(`${path}: expected JSON`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new ReleasePartsError(`${path}: cannot be read; PERCH_RELEASE_DIR must name a deployed release`, { cause });
  }
}

async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (cause) {
    throw new ReleasePartsError(`${path}: cannot be listed; PERCH_RELEASE_DIR must name a deployed release`, { cause });
  }
}
