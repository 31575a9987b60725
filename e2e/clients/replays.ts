import { EventEmitter, once } from "node:events";
import { streamOf } from "./stream-of.ts";

type Replay = { readonly said: string[]; readonly news: EventEmitter; isOver: boolean };

export type Replays = {
  /** Reads along, whether or not anybody still listens to the original. */
  keep(id: string, stream: ReadableStream<string>): Promise<void>;
  /** From its beginning, then live; 204 when nothing is being said. */
  answer(id: string): Response;
};

/** What is being said in each chat just now, for a client that comes back. */
export function createReplays(): Replays {
  const open = new Map<string, Replay>();
  return {
    async keep(id, stream) {
      const replay: Replay = { said: [], news: new EventEmitter(), isOver: false };
      open.set(id, replay);
      for await (const text of stream) {
        replay.said.push(text);
        replay.news.emit("more");
      }
      replay.isOver = true;
      replay.news.emit("more");
      if (open.get(id) === replay) open.delete(id);
    },
    answer(id) {
      const replay = open.get(id);
      if (replay === undefined) return new Response(null, { status: 204 });
      const body = streamOf(follow(replay)).pipeThrough(new TextEncoderStream());
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  };
}

async function* follow(replay: Replay): AsyncGenerator<string> {
  for (let at = 0; ; at += 1) {
    while (at === replay.said.length) {
      if (replay.isOver) return;
      await once(replay.news, "more");
    }
    yield replay.said[at] ?? "";
  }
}
