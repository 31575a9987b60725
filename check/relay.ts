import { connect, createServer, type Socket } from "node:net";

export type RelayMode =
  | { readonly kind: "pass" }
  /** Every connection is broken, and nobody gets a new one. */
  | { readonly kind: "cut" }
  /** Connections stay, and new ones are taken, but nothing comes through until the mode changes. */
  | { readonly kind: "stall" }
  | { readonly kind: "delay"; readonly ms: number };

export type Direction = "toTarget" | "fromTarget";

/** A piece of one connection's bytes, as it arrives at the relay and as it goes on. */
export type RelayWatch = {
  arrived?(direction: Direction, connection: number, bytes: Buffer): void;
  passed?(direction: Direction, connection: number, bytes: Buffer): void;
};

/** A TCP connection's way through this process, where it can be cut, stalled and delayed. */
export type Relay = {
  readonly port: number;
  set(mode: RelayMode): void;
  /** While stalled: lets the oldest piece of every connection from the target through. */
  letOneThrough(): void;
  close(): Promise<void>;
};

type Piece = { readonly bytes: Buffer; readonly dueAt: number };

export async function startRelay(targetPort: number, watch: RelayWatch = {}): Promise<Relay> {
  const pipes = new Set<Pipe>();
  let mode: RelayMode = { kind: "pass" };
  let connections = 0;

  const server = createServer({ noDelay: true }, (client) => {
    if (mode.kind === "cut") {
      client.destroy();
      return;
    }
    connections += 1;
    const id = connections;
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const ends: [Direction, Socket, Socket][] = [
      ["toTarget", client, target],
      ["fromTarget", target, client],
    ];
    for (const [direction, from, to] of ends) {
      const pipe = createPipe({ direction, from, to, id, watch, mode: () => mode });
      pipes.add(pipe);
      from.once("close", () => pipes.delete(pipe));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    set(next) {
      mode = next;
      for (const pipe of pipes)
        if (mode.kind === "cut") pipe.break();
        else pipe.work();
    },
    letOneThrough() {
      for (const pipe of pipes) if (pipe.direction === "fromTarget") pipe.letOneThrough();
    },
    async close() {
      for (const pipe of pipes) pipe.break();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Pipe = {
  readonly direction: Direction;
  work(): void;
  letOneThrough(): void;
  break(): void;
};

type PipeOptions = {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly id: number;
  readonly watch: RelayWatch;
  readonly mode: () => RelayMode;
};

/** Pieces keep their order, whatever the modes that they came in. */
function createPipe({ direction, from, to, id, watch, mode }: PipeOptions): Pipe {
  let held: Piece[] = [];
  let isEnded = false;
  const pass = ({ bytes }: Piece): void => {
    watch.passed?.(direction, id, bytes);
    to.write(bytes);
  };
  const work = (): void => {
    while (mode().kind !== "stall" && held[0] !== undefined && held[0].dueAt <= performance.now()) {
      pass(held[0]);
      held = held.slice(1);
    }
    if (isEnded && held.length === 0 && mode().kind !== "stall") to.end();
  };
  from.on("data", (bytes: Buffer) => {
    watch.arrived?.(direction, id, bytes);
    const now = mode();
    if (now.kind === "pass" && held.length === 0) {
      pass({ bytes, dueAt: 0 });
      return;
    }
    const waitMs = now.kind === "delay" ? now.ms : 0;
    held.push({ bytes, dueAt: performance.now() + waitMs });
    if (now.kind !== "stall") setTimeout(work, waitMs + 1);
  });
  from.on("end", () => {
    isEnded = true;
    work();
  });
  from.on("error", () => to.destroy());
  // A process that was killed breaks its connections; so does the relay then, unless that news is held up too.
  from.on("close", () => {
    if (mode().kind !== "stall" && held.length === 0) to.destroy();
  });
  return {
    direction,
    work,
    letOneThrough() {
      const [first, ...rest] = held;
      held = rest;
      if (first !== undefined) pass(first);
    },
    break() {
      from.destroy();
      to.destroy();
    },
  };
}
