import {
  canonicalJson,
  deliveryId,
  hooksAwaited,
  signWebhook,
  type AgentRecord,
  type HookAction,
  type HookSender,
  type Retirement,
  type WebhookSecret,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import type { GatewayHub } from "../gateways/hub.ts";
import { createAttempts } from "../hooks/attempts.ts";

/** Tells deployments of releases that have drained to scale down and, later, to go; again and again until they agree. */
export interface DeploymentHooks {
  /** Begins whatever is due and not under way. Returns at once. */
  tick(): void;
  /** When every call that is under way has ended. */
  settled(): Promise<void>;
}

export type DeploymentHooksDeps = {
  readonly book: Book;
  readonly hub: Pick<GatewayHub, "views">;
  readonly sender: HookSender;
  readonly secrets: readonly WebhookSecret[];
  readonly now: () => number;
  readonly log: Pick<Log, "warn">;
};

type Call = {
  readonly id: string;
  readonly record: AgentRecord;
  readonly retirement: Retirement;
  readonly url: string;
  readonly hook: string;
  readonly action: HookAction;
};

/** Whoever scales something down answers when that has begun. */
const TIMEOUT_MS = 10_000;

export function createDeploymentHooks(deps: DeploymentHooksDeps): DeploymentHooks {
  const attempts = createAttempts(deps.now);
  return {
    tick() {
      const calls = deps.book.agents().flatMap((record) => callsOf(record, deps));
      attempts.forget((id) => calls.some((call) => call.id === id));
      for (const call of calls) attempts.begin(call.id, (count) => make(call, count, deps));
    },
    async settled() {
      await Promise.all(attempts.underWay());
    },
  };
}

/** First the routes, then what they lead to: nobody is told before every gateway holds a table without them. */
function callsOf(record: AgentRecord, { hub }: DeploymentHooksDeps): readonly Call[] {
  const views = hub.views();
  if (views.length === 0 || views.some(({ sync }) => sync !== "Synced")) return [];
  return record.retirements.flatMap((retirement) =>
    hooksAwaited(retirement).flatMap(({ url, hook, action }) => {
      if (hook === null || hook === undefined) return [];
      // A release that came back and drained again is told again.
      const occasion = `${action}-${retirement.since}`;
      const id = deliveryId({ rollout: retirement.rollout, hook: `deployment/${url}`, occasion });
      return [{ id, record, retirement, url, hook, action }];
    }),
  );
}

async function make(call: Call, attempts: number, deps: DeploymentHooksDeps): Promise<void> {
  const { now, log, book } = deps;
  const body = bodyOf(call, now());
  const headers = signWebhook({ id: call.id, body, at: now() }, deps.secrets);
  const { status, detail } = await deps.sender.post({ url: call.hook, body, headers, timeoutMs: TIMEOUT_MS });
  const { url, action, record, retirement } = call;
  const about = { agent: record.agent, url, action };
  if (status === null || status < 200 || status >= 300) {
    log.warn("a deployment's hook does not agree; it is asked again", { ...about, reason: detail });
    return;
  }
  const { release } = retirement;
  const answer = { release, url, action, status, attempts };
  try {
    await book.recordAgent(record.agent, () => ({ type: "deploymentHookAnswered", at: now(), ...answer }));
  } catch (error) {
    log.warn("cannot record the answer of a deployment's hook; it is asked again", {
      ...about,
      reason: reasonOf(error),
    });
  }
}

function bodyOf({ record, retirement, url, action }: Call, at: number): string {
  const version = record.releases.find(({ digest }) => digest === retirement.release)?.version ?? "";
  const release = { digest: retirement.release, version };
  return canonicalJson({
    type: `deployment.${action}`,
    timestamp: new Date(at).toISOString(),
    data: { agent: record.agent, release, url, rollout: retirement.rollout },
  });
}
