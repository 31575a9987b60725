import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "@perch/domain";
import { createApiClient } from "../api-client.ts";
import { supervise, type Supervised } from "../process/supervise.ts";
import { mainOf, processFiles } from "../up/start-perch.ts";
import { CliError } from "../cli-error.ts";
import { createReplayKey, recordRelease } from "./record-releases.ts";
import { connectRecordedGateway, post } from "./recorded-gateway.ts";
import { REWARD_SCORE } from "./recorded-traffic.ts";
import { readPairs, readRecordings, select, type Pair, type RecordedSession } from "./recordings.ts";
import { replayPair, type PairResult, type Replay } from "./replay-pair.ts";
import { createSyntheticClock } from "./synthetic-clock.ts";

export type ReplayOptions = {
  readonly pairsFile: string;
  readonly recordings: string;
  /** Only this pair; null for all. */
  readonly pair: string | null;
  readonly onResult: (result: PairResult) => void;
};

/** Servers that work at the same time; each replays one pair after the other, on a clock of its own. */
const MOST_SERVERS = 2;

/** Replays every chosen pair and gives the results in the order of the pairs file. */
export async function runReplay(options: ReplayOptions): Promise<readonly PairResult[]> {
  const pairs = choose(readPairs(options.pairsFile), options.pair);
  const recordings = readRecordings(options.recordings);
  const sides = pairs.map((pair) => ({
    pair,
    baseline: select(recordings, pair.baseline),
    canary: select(recordings, pair.canary),
  }));
  // Longest first, so that no server is left with the longest one at the end.
  const queue = sides.toSorted((a, b) => sessionsIn(b) - sessionsIn(a));
  const results = new Map<string, PairResult>();
  const work = (): Promise<void> =>
    withReplayServer(async (play) => {
      for (let side = queue.shift(); side !== undefined; side = queue.shift()) {
        const result = await play(side);
        results.set(side.pair.id, result);
        options.onResult(result);
      }
    });
  await Promise.all(Array.from({ length: Math.min(MOST_SERVERS, availableParallelism(), queue.length) }, work));
  return pairs.flatMap((pair) => results.get(pair.id) ?? []);
}

/** A server on a temporary data directory and a made-up clock, and what it takes to play a pair on it. */
async function withReplayServer(work: (play: (side: Side) => Promise<PairResult>) => Promise<void>): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "perch-replay-"));
  try {
    await withServer(data, async (server) => {
      const client = createApiClient(server.url);
      const clock = createSyntheticClock();
      await post(`${server.url}/v1/clock`, { now: clock.now() });
      const gateway = await connectRecordedGateway(server.url, "replay", () => clock.now());
      const key = createReplayKey(data);
      await work((side) =>
        playPair({ client, gateway, clock }, side, (version, sessions) =>
          recordRelease({ data, key }, { agent: agentOf(side.pair), version, sessions }),
        ),
      );
      gateway.close();
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

function sessionsIn({ baseline, canary }: Side): number {
  return baseline.length + canary.length;
}

type Side = {
  readonly pair: Pair;
  readonly baseline: readonly RecordedSession[];
  readonly canary: readonly RecordedSession[];
};

async function playPair(
  replay: Replay,
  { pair, baseline, canary }: Side,
  record: (version: string, sessions: readonly RecordedSession[]) => Promise<Digest>,
): Promise<PairResult> {
  const agent = agentOf(pair);
  const releases = { baseline: await record("1.0.0", baseline), canary: await record("1.0.1", canary) };
  const { client } = replay;
  for (const [arm, digest] of Object.entries(releases)) {
    // Nobody will call it: the sessions have been recorded already.
    await client.registerDeployment({ release: `${agent}@${digest}`, url: `http://127.0.0.1:9/${agent}/${arm}` });
  }
  const { id } = await client.startRollout(rolloutFile(agent));
  const knownAnswer = pair.known_answer ?? null;
  return replayPair(replay, { pairId: pair.id, knownAnswer, agent, rollout: id, releases, baseline, canary });
}

function rolloutFile(agent: string): string {
  return JSON.stringify({
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: agent },
    spec: {
      agent,
      release: `${agent}@1.0.1`,
      strategy: { type: "session", seed: agent },
      steps: [{ setWeight: 50 }],
      analysis: {
        interval: "5m",
        familyWiseErrorRate: 0.01,
        gates: [
          gate("task-success", { of: `score.${REWARD_SCORE}`, direction: "decrease", weight: 0.4 }),
          gate("escalation-rate", { direction: "increase", weight: 0.3 }),
          gate("error-rate", { direction: "increase", weight: 0.3 }),
          { name: "tool-error-rate", kind: "proportion", role: "signal", onFail: "pause" },
          { name: "tool-use", kind: "distribution", role: "signal" },
        ],
      },
    },
  });
}

function gate(name: string, more: Record<string, unknown>): Record<string, unknown> {
  const compare = { method: "eprocess", margin: 0.04 };
  return { name, kind: "proportion", role: "guardrail", critical: true, onFail: "rollback", compare, ...more };
}

function agentOf(pair: Pair): string {
  return `replay-${pair.id.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`.slice(0, 60).replace(/-+$/, "");
}

function choose(pairs: readonly Pair[], id: string | null): readonly Pair[] {
  const chosen = id === null ? pairs : pairs.filter((pair) => pair.id === id);
  if (chosen.length > 0) return chosen;
  throw new CliError({
    code: "input_invalid",
    message: `no pair ${JSON.stringify(id)} in the pairs file`,
    hint: `it has ${pairs.map((pair) => pair.id).join(", ")}`,
  });
}

async function withServer<T>(data: string, work: (server: Supervised) => Promise<T>): Promise<T> {
  const server = await supervise({
    name: "server",
    command: process.execPath,
    args: (port) => [mainOf("server"), "--data", data, "--port", String(port), "--clock", "synthetic"],
    port: 0,
    ...processFiles(data)("server"),
  });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
