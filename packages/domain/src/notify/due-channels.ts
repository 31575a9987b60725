import { recentEntries } from "../rollout/due-hooks.ts";
import { answerKey, CHANNEL_PREFIX, type HookMoment } from "../rollout/hooks.ts";
import type { lateDrains } from "./late-drains.ts";
import type { News, Rollout } from "../rollout/rollout.ts";
import type { Channel } from "./channel.ts";

export type DueNews = {
  readonly channel: Channel;
  readonly occasion: string;
  readonly about: HookMoment & { readonly news: News };
};

/** A channel that was set up today does not tell what happened last week. */
const TOLD_WITHIN_MS = 3_600_000;

/** What each channel has still to be told of a rollout and of `others`, oldest first. Nothing of one whose clock is made up. */
export function dueNews(
  rollout: Rollout,
  channels: readonly Channel[],
  { now, others }: { readonly now: number; readonly others: ReturnType<typeof lateDrains> },
): readonly DueNews[] {
  return channels
    .filter(({ agents }) => agents === null || agents.includes(rollout.plan.agent))
    .flatMap((channel) =>
      [...recentEntries(rollout, now), ...others].flatMap(({ entry, occasion }) => {
        const { news, ...about } = entry;
        const isDue = news !== undefined && channel.on.includes(news) && now - entry.at < TOLD_WITHIN_MS;
        if (!isDue || rollout.hookAnswers[answerKey(channelHook(channel), occasion)] !== undefined) return [];
        return [{ channel, occasion, about: { ...about, news } }];
      }),
    );
}

/** What a channel is called where answers are kept. */
export function channelHook({ name }: Pick<Channel, "name">): string {
  return CHANNEL_PREFIX + name;
}
