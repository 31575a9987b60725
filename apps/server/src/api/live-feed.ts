import type { Views } from "./views.ts";
import type { SendEvent } from "./event-stream.ts";

/** Streams that repeat a view whenever it has changed. */
export interface LiveFeed {
  followOverview(send: SendEvent): () => void;
  followRollout(id: string, send: SendEvent): () => void;
  /** Sends what has changed since the last call. While one call is under way another does nothing. */
  flush(): Promise<void>;
  /** A sign of life for connections on which nothing happens. */
  beat(): void;
}

type Follower = {
  readonly send: SendEvent;
  readonly read: () => Promise<{ readonly event: string; readonly data: unknown; readonly content: unknown } | null>;
  sent: string;
};

export function createLiveFeed(views: Views): LiveFeed {
  const followers = new Set<Follower>();
  let isFlushing = false;

  function follow(follower: Follower): () => void {
    followers.add(follower);
    void update(follower).catch(() => undefined);
    return () => followers.delete(follower);
  }

  return {
    followOverview: (send) => follow({ send, sent: "", read: () => readOverview(views) }),
    followRollout: (id, send) =>
      follow({
        send,
        sent: "",
        async read() {
          const data = await views.rollout(id);
          return data === null ? null : { event: "rollout", data, content: data };
        },
      }),
    async flush() {
      if (isFlushing) return;
      isFlushing = true;
      try {
        for (const follower of followers) await update(follower);
      } finally {
        isFlushing = false;
      }
    },
    beat() {
      for (const { send } of followers) send({ event: "alive", data: null });
    },
  };
}

async function update(follower: Follower): Promise<void> {
  const read = await follower.read();
  if (read === null) return;
  const content = JSON.stringify(read.content);
  if (content === follower.sent) return;
  follower.sent = content;
  follower.send({ event: read.event, data: read.data });
}

/** Its time changes always, and is therefore no reason to send it. */
async function readOverview(views: Views): Promise<{ event: string; data: unknown; content: unknown }> {
  const data = await views.overview();
  return { event: "overview", data, content: { ...data, at: 0 } };
}
