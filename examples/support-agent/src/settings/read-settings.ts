import { z } from "zod";

/** What the environment says, checked once at start. */
export type Settings = {
  readonly port: number;
  readonly releaseDirectory: string;
  readonly version: string;
  readonly otlpEndpoint: string;
  readonly modelBaseUrl: string;
  readonly modelApiKey: string | null;
  /** Null: the release's model component names it. */
  readonly modelName: string | null;
};

export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

const environmentSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  PERCH_RELEASE_DIR: z.string().min(1),
  PERCH_VERSION: z.string().min(1).default("0.0.0-undeployed"),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().default("http://127.0.0.1:4318"),
  OPENAI_BASE_URL: z.url(),
  OPENAI_API_KEY: z.string().min(1).optional(),
  OPENAI_MODEL: z.string().min(1).optional(),
});

/** Throws `SettingsError`, which names every variable that is missing or wrong. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  // A variable that is set to nothing counts as not set, as shells leave them.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new SettingsError(`the environment is incomplete: ${problems.join("; ")}`);
  }
  const { data } = parsed;
  return {
    port: data.PORT,
    releaseDirectory: data.PERCH_RELEASE_DIR,
    version: data.PERCH_VERSION,
    otlpEndpoint: data.OTEL_EXPORTER_OTLP_ENDPOINT,
    modelBaseUrl: data.OPENAI_BASE_URL,
    modelApiKey: data.OPENAI_API_KEY ?? null,
    modelName: data.OPENAI_MODEL ?? null,
  };
}
