import { InvalidArgumentError, type Command } from "commander";
import type { ForecastView } from "@perch/api";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { readInputFile } from "../read-input-file.ts";
import { describeForecast } from "./describe-forecast.ts";
import { planOffline } from "./plan-offline.ts";

type Flags = { server: string; json?: boolean; traffic?: number };

/** `perch rollout plan FILE`. */
export function registerPlanCommand(rollout: Command): void {
  rollout
    .command("plan")
    .argument("<file>", "rollout file (YAML)")
    .description("say what a rollout file would do: when, to how many, what it could detect; starts nothing")
    .option("--traffic <rate>", "new sessions, such as 20/min or 1200/h; default: as the server saw lately", parseRate)
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((file: string, flags: Flags) => plan(file, flags));
}

async function plan(file: string, flags: Flags): Promise<void> {
  const yaml = await readInputFile(file, { expected: "a rollout file in YAML", hint: "give its path" });
  const forecast = await forecastOf(yaml, file, flags);
  if (flags.json === true) printJson(forecast);
  else printLine(describeForecast(forecast));
}

/** Without a server only what the file and `--traffic` say is known. */
async function forecastOf(yaml: string, file: string, { server, traffic }: Flags): Promise<ForecastView> {
  try {
    return await createApiClient(server).planRollout(yaml, traffic ?? null);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "server_unreachable") throw error;
    if (traffic === undefined) {
      const hint = `${error.hint}; or say --traffic 20/min to plan without a server`;
      throw new CliError({ code: error.code, message: error.message, hint, cause: error });
    }
    printNote(`${error.message}; plans without it`);
    return planOffline(yaml, { file, traffic });
  }
}

const PER_MINUTE: Readonly<Record<string, number>> = { s: 60, sec: 60, m: 1, min: 1, h: 1 / 60, d: 1 / 1440 };

/** New sessions a minute. */
export function parseRate(text: string): number {
  const [, amount, unit = "min"] = /^(\d{1,9}(?:\.\d{1,6})?)(?:\/(s|sec|m|min|h|d))?$/.exec(text) ?? [];
  const rate = Number(amount) * (PER_MINUTE[unit] ?? Number.NaN);
  if (rate > 0) return rate;
  throw new InvalidArgumentError(
    `found ${JSON.stringify(text)}, expected a rate above 0 such as 20/min, 5/s or 1200/h`,
  );
}
