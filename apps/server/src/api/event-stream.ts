import type { Context } from "hono";

/**
 * One server-sent event; `data` is sent as JSON, `json` as it is, when many readers are sent the same. A reader that comes back
 * names the last `id` that it was sent.
 */
export type ServerEvent = { readonly event: string; readonly id?: string } & (
  { readonly data: unknown } | { readonly json: string }
);
export type SendEvent = (event: ServerEvent) => void;

const ENCODER = new TextEncoder();
/** A reader that is this many events behind has stopped reading; it can connect again and start from the present. */
const MOST_EVENTS_BEHIND = 1000;
const RETRY_MS = 1000;

/**
 * Answers with a stream of server-sent events. `open` gets the function that sends one, at once and in order, and
 * answers what is to be done when the reader is gone.
 */
export function eventStream(context: Context, open: (send: SendEvent) => () => void): Response {
  let close: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true;
        let leave: () => void = () => undefined;
        close = () => {
          if (!isOpen) return;
          isOpen = false;
          leave();
          try {
            controller.close();
          } catch {
            // The reader has cancelled the stream already; there is nothing left to close.
          }
        };
        controller.enqueue(ENCODER.encode(`retry: ${RETRY_MS}\n\n`));
        leave = open((sent) => {
          if (!isOpen) return;
          if ((controller.desiredSize ?? 0) < -MOST_EVENTS_BEHIND) close();
          else {
            const named = sent.id === undefined ? "" : `id: ${sent.id}\n`;
            const json = "json" in sent ? sent.json : JSON.stringify(sent.data);
            controller.enqueue(ENCODER.encode(`event: ${sent.event}\n${named}data: ${json}\n\n`));
          }
        });
        if (!isOpen) leave();
        context.req.raw.signal.addEventListener("abort", close);
      },
      cancel: () => close(),
    },
    new CountQueuingStrategy({ highWaterMark: 16 }),
  );
  return context.body(body, 200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
}
