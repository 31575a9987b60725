// An agent for `streams.bench.ts`: every answer is a stream of server-sent events, one a second, each with its time.
import { createServer, type ServerResponse } from "node:http";

const SLOTS = 50;
const slots: Set<ServerResponse>[] = Array.from({ length: SLOTS }, () => new Set());
let next = 0;

const server = createServer((request, response) => {
  const slot = slots[next % SLOTS];
  next += 1;
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  slot?.add(response);
  response.on("close", () => slot?.delete(response));
});
// Spread over the second, as streams that began at different times are.
let turn = 0;
setInterval(() => {
  const slot = slots[turn % SLOTS] ?? new Set();
  turn += 1;
  for (const response of slot) response.write(`data: ${(performance.timeOrigin + performance.now()).toFixed(3)}\n\n`);
}, 1000 / SLOTS);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : 0 })}\n`);
});
