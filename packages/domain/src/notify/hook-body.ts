import { canonicalJson, type JsonValue } from "../release/canonical-json.ts";
import type { HookMoment } from "../rollout/hooks.ts";
import type { News, Rollout } from "../rollout/rollout.ts";

/** What a webhook or a generic channel is sent: `type`, `timestamp` and `data`, as Standard Webhooks advises. */
export function hookBody(
  rollout: Rollout,
  call: {
    readonly type: string;
    readonly occasion: string;
    readonly about: HookMoment;
    readonly hook: string;
    readonly metadata: Readonly<Record<string, string>>;
  },
): string {
  const { id, plan, baseline, canary } = rollout;
  const data: JsonValue = {
    hook: call.hook,
    occasion: call.occasion,
    rollout: id,
    name: plan.name,
    labels: { ...plan.labels },
    agent: plan.agent,
    baseline: { ...baseline },
    canary: { ...canary },
    phase: call.about.phase,
    weightPercent: call.about.weightBp / 100,
    text: call.about.text,
    metadata: { ...call.metadata },
  };
  return canonicalJson({ type: call.type, timestamp: new Date(call.about.at).toISOString(), data });
}

const SAYS: Readonly<Record<News, { readonly sign: string; readonly words: string }>> = {
  paused: { sign: ":double_vertical_bar:", words: "is paused" },
  needsApproval: { sign: ":raised_hand:", words: "needs an approval" },
  rolledBack: { sign: ":rewind:", words: "is rolled back" },
  promoted: { sign: ":white_check_mark:", words: "is promoted" },
  drainLate: { sign: ":hourglass:", words: "has left a release behind that does not drain" },
};

/** One message as Slack's incoming webhooks take it. What people wrote is escaped, so that it cannot call a channel. */
export function slackBody(
  rollout: Rollout,
  about: HookMoment & { readonly news: News },
  console: string | null,
): string {
  const { sign, words } = SAYS[about.news];
  const { plan, baseline, canary, id } = rollout;
  const title = `*${escape(plan.agent)} ${escape(baseline.version)} → ${escape(canary.version)}* ${words}`;
  const link = console === null ? "" : `\n<${console}|Open the console>`;
  return JSON.stringify({ text: `${sign} ${title} (rollout ${escape(id)})\n${escape(about.text)}${link}` });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
