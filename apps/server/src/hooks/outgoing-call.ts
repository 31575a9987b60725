import {
  deliveryId,
  channelHook,
  dueHooks,
  dueNews,
  hookBody,
  lateDrains,
  signWebhook,
  slackBody,
  type AgentRecord,
  type Channel,
  type DueHook,
  type DueNews,
  type HookRequest,
  type Rollout,
  type WebhookSecret,
} from "@perch/domain";

/** A webhook or a channel to be called about one occasion, whichever of the two it is. */
export type OutgoingCall = {
  readonly id: string;
  readonly rollout: Rollout;
  readonly hook: string;
  readonly occasion: string;
  /** In a person's words. */
  readonly title: string;
  readonly kind: DueHook["kind"];
  /** Repeats before it is given up; null: never. */
  readonly retries: number | null;
  readonly requestAt: (now: number) => HookRequest;
};

export type OutgoingSettings = {
  readonly channels: readonly Channel[];
  readonly console: string | null;
  readonly secrets: readonly WebhookSecret[];
};

/** Everything that has to be sent for a rollout now: of each webhook and channel the oldest, so that each hears in order. */
export function outgoingCalls(
  { rollout, agent }: { readonly rollout: Rollout; readonly agent: AgentRecord | null },
  settings: OutgoingSettings,
  now: number,
): readonly OutgoingCall[] {
  const others = agent === null ? [] : lateDrains(rollout, agent);
  const calls = [
    ...dueHooks(rollout, now).map((due) => webhookCall(rollout, due, settings)),
    ...dueNews(rollout, settings.channels, { now, others }).map((due) => channelCall(rollout, due, settings)),
  ];
  return calls.filter(({ hook }, index) => calls.findIndex((other) => other.hook === hook) === index);
}

function webhookCall(
  rollout: Rollout,
  { hook, occasion, about, kind }: DueHook,
  settings: OutgoingSettings,
): OutgoingCall {
  const { name, type, url, timeoutMs, metadata } = hook;
  const id = deliveryId({ rollout: rollout.id, hook: name, occasion });
  const body = hookBody(rollout, { type, occasion, about, hook: name, metadata });
  return {
    id,
    rollout,
    hook: name,
    occasion,
    title: `webhook ${name} (${type}) at ${new URL(url).host}`,
    kind,
    retries: kind === "tells" || type === "pre-rollout" ? hook.retries : null,
    requestAt: (now) => ({ url, body, timeoutMs, headers: signWebhook({ id, body, at: now }, settings.secrets) }),
  };
}

function channelCall(
  rollout: Rollout,
  { channel, occasion, about }: DueNews,
  settings: OutgoingSettings,
): OutgoingCall {
  const { name, url, timeoutMs, retries } = channel;
  const hook = channelHook(channel);
  const id = deliveryId({ rollout: rollout.id, hook, occasion });
  const isSlack = channel.type === "slack";
  const generic = { type: `rollout.${about.news}`, occasion, about, hook: name, metadata: {} };
  const body = isSlack ? slackBody(rollout, about, settings.console) : hookBody(rollout, generic);
  const sign = (now: number) => (isSlack ? {} : signWebhook({ id, body, at: now }, settings.secrets));
  return {
    id,
    rollout,
    hook,
    occasion,
    title: `channel ${name}`,
    kind: "tells",
    retries,
    requestAt: (now) => ({ url, body, timeoutMs, headers: sign(now) }),
  };
}
