import type { News } from "../rollout/rollout.ts";
import type { AgentName } from "../routing/ids.ts";

/** Where people are told what happened to rollouts. The address is looked up once, when the server starts. */
export type Channel = {
  readonly name: string;
  /** `generic`: signed JSON, as webhooks send it. `slack`: what Slack and those that mimic it take. */
  readonly type: "generic" | "slack";
  readonly url: string;
  readonly on: readonly News[];
  /** Null: all. */
  readonly agents: readonly AgentName[] | null;
  readonly timeoutMs: number;
  readonly retries: number;
};
