// Clients for `streams.bench.ts`: `node streams-clients.ts URL STREAMS SECONDS` holds so many streams for so long. Says
// `open` when each of them has begun, and in the end how long events took and how many streams ended.
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const [url = "", streams = "0", seconds = "0"] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const count = Number(streams);
const BATCH = 50;
const delays: number[] = [];
let begun = 0;
let cut = 0;
let isMeasuring = false;
let isOver = false;

function openStream(session: number): void {
  const socket = connect({ host: hostname, port: Number(port) });
  let hasBegun = false;
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: bench\r\nX-Session-Id: stream-${session}\r\n\r\n`);
  socket.on("data", (chunk: Buffer) => {
    if (!hasBegun && chunk.includes("HTTP/1.1 200")) {
      hasBegun = true;
      begun += 1;
    }
    const at = chunk.indexOf("data: ");
    if (!isMeasuring || at < 0) return;
    delays.push(performance.timeOrigin + performance.now() - Number(chunk.toString("latin1", at + 6, at + 23)));
  });
  socket.on("error", () => {}).on("close", () => (cut += isOver ? 0 : 1));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
for (let opened = 0; opened < count; opened += BATCH) {
  for (let session = opened; session < Math.min(count, opened + BATCH); session += 1) openStream(session);
  // A proxy that is opening so many already is not asked for more.
  await until(() => begun + cut >= opened - 5 * BATCH);
  await delay(10);
}
await until(() => begun + cut >= count);
say({ open: begun });
isMeasuring = true;
await delay(Number(seconds) * 1000);
isMeasuring = false;
isOver = true;
delays.sort((a, b) => a - b);
const at = (part: number): number => delays[Math.floor(part * (delays.length - 1))] ?? Number.NaN;
say({ events: delays.length, cut, p50DelayMs: at(0.5), p99DelayMs: at(0.99) });
process.exit(0);
