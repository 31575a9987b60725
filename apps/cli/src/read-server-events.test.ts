import { expect, test } from "vitest";
import { readServerEvents, type ServerEvent } from "./read-server-events.ts";

async function eventsOf(text: string, chunkBytes = 1_000): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunkBytes) controller.enqueue(bytes.slice(at, at + chunkBytes));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readServerEvents({ body })) events.push(event);
  return events;
}

test("an event is found whole however its bytes are cut into chunks", async () => {
  const text = 'event: rollout\r\ndata: {"a":\r\ndata: 1}\r\n\r\n: a comment\n\nevent: other\ndata: ü\n\n';
  const expected = [
    { name: "rollout", data: '{"a":\n1}' },
    { name: "other", data: "ü" },
  ];
  expect(await eventsOf(text)).toEqual(expected);
  expect(await eventsOf(text, 1)).toEqual(expected);
});

test("an event that the end of the stream cuts off is dropped", async () => {
  expect(await eventsOf("data: whole\n\ndata: half")).toEqual([{ name: "message", data: "whole" }]);
});
