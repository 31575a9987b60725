import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export type Load = {
  readonly wrk: string;
  readonly core: number;
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Null for as many as there is time for; else each connection waits so that together they make this rate. */
  readonly requestsPerSecond: number | null;
  readonly scratch: string;
};

export type LoadFigures = {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export const SESSIONS = 20_000;

/** Posts of a 150-byte JSON body in 20,000 sessions. Throws when an answer is missing or is none of 2xx. */
export async function load(options: Load): Promise<LoadFigures> {
  const script = join(options.scratch, `load-${options.requestsPerSecond === null ? "full" : "paced"}.lua`);
  await writeFile(script, scriptFor(options));
  const args = ["-t1", `-c${options.connections}`, `-d${options.seconds}s`, "-s", script, options.url];
  const child = spawn("taskset", ["-c", String(options.core), options.wrk, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  const line = said.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined) throw new Error(`wrk said nothing of use: ${said}`);
  const figures = JSON.parse(line);
  if (figures.bad > 0)
    throw new Error(`found ${figures.bad} requests without a good answer at ${options.url}: ${said}`);
  return {
    requestsPerSecond: figures.requests / figures.seconds,
    requests: figures.requests,
    p50Ms: figures.p50 / 1000,
    p99Ms: figures.p99 / 1000,
  };
}

function scriptFor({ requestsPerSecond, connections }: Load): string {
  const meanWaitMs = requestsPerSecond === null ? 0 : (1000 * connections) / requestsPerSecond;
  const body = JSON.stringify({ message: "x".repeat(136) });
  const pace = `function delay() return math.random(0, ${Math.round(2 * meanWaitMs)}) end`;
  return `
local requests = {}
local next = 0
function init(args)
  math.randomseed(os.time())
  for i = 1, ${SESSIONS} do
    local headers = { ["content-type"] = "application/json", ["x-session-id"] = string.format("session-%05d", i) }
    requests[i] = wrk.format("POST", nil, headers, '${body}')
  end
end
function request()
  next = next % ${SESSIONS} + 1
  return requests[next]
end
${requestsPerSecond === null ? "" : pace}
function done(summary, latency, asked)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"bad":%d}\\n', summary.requests,
    summary.duration / 1000000, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}
