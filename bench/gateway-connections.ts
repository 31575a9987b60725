// Gateways without users, several in one process: the gateway's own code that follows the server's tables, puts them in
// force, keeps them on disk and acknowledges them, each over connections of its own. `node gateway-connections.ts SERVER
// DIRECTORY COUNT` runs until it is killed.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseGatewayId } from "@perch/domain";
import { createAcknowledger } from "../apps/gateway/src/sync/acknowledger.ts";
import { followTable } from "../apps/gateway/src/sync/follow-table.ts";
import { createLinkTo } from "../apps/gateway/src/sync/server-link.ts";
import { createSyncState } from "../apps/gateway/src/sync/sync-state.ts";
import { createHeldTable } from "../apps/gateway/src/table/held-table.ts";
import { createTableFile } from "../apps/gateway/src/table/table-file.ts";

const [server = "", directory = "", count = "0"] = process.argv.slice(2);
const now = (): number => Date.now();
const complain = (message: string): void => void process.stderr.write(`${message}\n`);
const log = { info() {}, warn: complain, error: complain };

function connect(index: number): void {
  const own = join(directory, `connection-${index}`);
  mkdirSync(own, { recursive: true });
  const link = createLinkTo(server, parseGatewayId(`connection-${index}`));
  const common = {
    link,
    log,
    now,
    tick: () => performance.now(),
    random: Math.random,
    state: createSyncState(now),
    sleep: async (ms: number, signal: AbortSignal) => await delay(ms, undefined, { signal }),
    held: createHeldTable(now),
    onQuestion() {},
    onApplied() {},
  };
  const acknowledger = createAcknowledger({ ...common, file: createTableFile(own) });
  void followTable({ ...common, acknowledger }, new AbortController().signal);
}

for (let index = 0; index < Number(count); index += 1) connect(index);
