import { connect } from "node:net";
import { join } from "node:path";
import type { Pinned } from "./processes.ts";
import { startHaproxy } from "./proxies.ts";

/** As many HAProxy processes as there are gateways, each told new weights over its own runtime socket. */
export type HaproxyFleet = {
  readonly urls: readonly string[];
  /** Resolves when each of them has answered. */
  setCanaryWeight(weight: number): Promise<void>;
  stop(): Promise<void>;
};

export async function startHaproxyFleet(
  scratch: string,
  {
    count,
    cores,
    upstreamPort,
  }: { readonly count: number; readonly cores: readonly number[]; readonly upstreamPort: number },
): Promise<HaproxyFleet> {
  const members: { url: string; socket: string; process: Pinned }[] = [];
  for (let index = 0; index < count; index += 1) {
    members.push(await startMember(join(scratch, `haproxy-${index}`), cores[index % cores.length] ?? 0, upstreamPort));
  }
  return {
    urls: members.map(({ url }) => url),
    async setCanaryWeight(weight) {
      await Promise.all(members.map(({ socket }) => command(socket, `set server releases/canary weight ${weight}`)));
    },
    stop: async () => void (await Promise.all(members.map(({ process }) => process.stop()))),
  };
}

async function startMember(name: string, core: number, upstreamPort: number) {
  const socket = `${name}.sock`;
  const { port, process } = await startHaproxy({
    file: `${name}.cfg`,
    core,
    upstreamPort,
    settings: ["maxconn 1000", `stats socket ${socket} level admin`],
    rules: [],
    sessions: "100k",
    canaryPercent: 50,
  });
  return { url: `http://127.0.0.1:${port}/bench/chat`, socket, process };
}

/** HAProxy closes the connection behind its answer; to this command that is an empty line. */
function command(path: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect(path);
    socket.on("data", (data: Buffer) => (said += data.toString())).once("error", reject);
    socket.once("close", () => {
      if (said.trim() === "") resolve();
      else reject(new Error(`HAProxy said to ${JSON.stringify(text)}: ${said}`));
    });
    socket.write(`${text}\n`);
  });
}
