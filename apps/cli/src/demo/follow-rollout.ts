import type { RolloutView } from "@perch/api";
import type { ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";

const POLL_MS = 500;
const FINAL: ReadonlySet<RolloutView["phase"]> = new Set([
  "Succeeded",
  "RolledBack",
  "Aborted",
  "Superseded",
  "Failed",
]);

/** Polls until the rollout has ended or the deadline has passed; a server that is being restarted is waited for. */
export async function followRollout(
  client: ApiClient,
  id: string,
  options: { deadlineMs: number; onView: (view: RolloutView) => void; stopped: () => boolean },
): Promise<RolloutView> {
  const giveUpAt = Date.now() + options.deadlineMs;
  let last: RolloutView | null = null;
  while (Date.now() < giveUpAt && !options.stopped()) {
    const view = await readOrNull(client, id);
    if (view !== null) {
      last = view;
      options.onView(view);
      if (FINAL.has(view.phase)) return view;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (last !== null) return last;
  throw new CliError({
    code: "demo_failed",
    message: `the server said nothing about the rollout ${id}`,
    hint: "see logs/server.log in the data directory",
  });
}

async function readOrNull(client: ApiClient, id: string): Promise<RolloutView | null> {
  try {
    return await client.rollout(id);
  } catch (error) {
    if (error instanceof CliError && error.code === "server_unreachable") return null;
    throw error;
  }
}
