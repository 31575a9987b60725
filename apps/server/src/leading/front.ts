import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { refuseUnavailable, type GrpcCalls } from "../collector/grpc-calls.ts";
import type { Server } from "../create-server.ts";
import type { Figures } from "../metrics/figures.ts";
import type { Reign, Standing } from "./election.ts";
import { problem, type Forwarder } from "./forward.ts";

export type ServingReign = Reign & { readonly server: Pick<Server, "app" | "grpcCalls" | "figures"> };

export type FrontDeps = {
  readonly standing: () => Standing<ServingReign>;
  readonly forwarder: Pick<Forwarder, "forward">;
};

/** What listens on the ports of a server that is one of several: it answers while it leads, and passes on while it follows. */
export type Front = {
  readonly fetch: (request: Request, bindings: object) => Response | Promise<Response>;
  readonly grpcCalls: GrpcCalls;
  /** Null while it does not lead. */
  readonly figures: () => Figures | null;
};

export function createFront({ standing, forwarder }: FrontDeps): Front {
  return {
    fetch(request, bindings) {
      const present = standing();
      if (new URL(request.url).pathname === "/healthz") return health(present);
      switch (present.kind) {
        case "leading":
          return present.reign.server.app.fetch(request, bindings);
        case "starting":
          return problem(503, {
            code: "leader_starting",
            message: "this server has just taken the lead, and reads the ledger",
            hint: "try again in a second",
          });
        case "following":
          return forwarder.forward(request, present.leader);
      }
    },
    grpcCalls(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
      const present = standing();
      if (present.kind === "leading") return present.reign.server.grpcCalls(stream, headers);
      const leader =
        present.kind === "following" ? (present.leader?.url ?? "nobody at the moment") : "this server, soon";
      refuseUnavailable(stream, `this server does not lead: ${leader} does; try again, there or here`);
    },
    figures() {
      const present = standing();
      return present.kind === "leading" ? present.reign.server.figures() : null;
    },
  };
}

/** Any server that answers is well: one that follows serves as well as the one that leads. */
function health(present: Standing<Reign>): Response {
  const leader = present.kind === "following" ? (present.leader?.url ?? null) : null;
  return Response.json({ status: "ok", role: present.kind, leader });
}
