import { setTimeout as sleep } from "node:timers/promises";
import type { RolloutView } from "@perch/api";
import type { ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";

const FINAL: ReadonlySet<RolloutView["phase"]> = new Set([
  "Succeeded",
  "RolledBack",
  "Aborted",
  "Superseded",
  "Failed",
]);
const RETRY_MS = 1_000;
const MOST_RETRIES = 30;

export function isOver(rollout: RolloutView): boolean {
  return FINAL.has(rollout.phase);
}

/** Each new state of a rollout until it is over. A stream that breaks, as when the server restarts, is taken up again. */
export async function* watchRollout(
  client: Pick<ApiClient, "watchRollout">,
  id: string,
  retryMs = RETRY_MS,
): AsyncGenerator<RolloutView> {
  let failures = 0;
  for (;;) {
    const views = client.watchRollout(id);
    const end = yield* untilOver(views, () => (failures = 0));
    if (end === "over") return;
    // A refusal stays one; only a server that cannot be reached may come back.
    if (end instanceof CliError && end.code !== "server_unreachable") throw end;
    failures += 1;
    if (failures > MOST_RETRIES) throw end;
    await sleep(retryMs);
  }
}

/** Passes the views on; says how they ended: with a rollout that is over, or by a broken stream. */
async function* untilOver(
  views: AsyncIterable<RolloutView>,
  onView: () => void,
): AsyncGenerator<RolloutView, "over" | Error> {
  try {
    for await (const rollout of views) {
      onView();
      yield rollout;
      if (isOver(rollout)) return "over";
    }
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  return new CliError({
    code: "server_unreachable",
    message: "the server ended the stream of the rollout before the rollout was over",
    hint: "is the server still running? `perch rollout status` asks it once",
  });
}
