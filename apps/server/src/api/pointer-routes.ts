import { movePointerSchema, removePointerSchema, type LedgerEntryView, type PointerView } from "@perch/api";
import {
  CURRENT_POINTER,
  newAgent,
  parseAgentName,
  parsePointerName,
  type AgentRecord,
  type Ledger,
  type PointerName,
} from "@perch/domain";
import { Hono } from "hono";
import { agentSubject, type Book } from "../controller/book.ts";
import type { AdmitDeps } from "./admit-release.ts";
import { unknownAgent } from "./agent-routes.ts";
import { movePointer } from "./move-pointer.ts";
import { readBody } from "./read-body.ts";
import { resolveRelease } from "./resolve-release.ts";

export type PointerRoutesDeps = AdmitDeps & { readonly ledger: Pick<Ledger, "read"> };

/** `/v1/agents/:agent/pointers…` and `/v1/agents/:agent/ledger`. */
export function createPointerRoutes(deps: PointerRoutesDeps): Hono {
  const { book } = deps;
  const routes = new Hono();
  routes.get("/v1/agents/:agent/pointers", (context) => {
    // An agent that was never heard of has no pointers.
    const record = book.agent(context.req.param("agent")) ?? newAgent(parseAgentName(context.req.param("agent")));
    const names = [
      ...record.pointers.map(({ pointer }) => pointer),
      ...(record.first === null ? [] : [CURRENT_POINTER]),
    ];
    return context.json(names.map((pointer) => viewOf(pointer, record, book)));
  });
  routes.get("/v1/agents/:agent/pointers/:pointer", (context) => {
    const record = agentOf(context.req.param("agent"), book);
    return context.json(viewOf(parsePointerName(context.req.param("pointer")), record, book));
  });
  routes.put("/v1/agents/:agent/pointers/:pointer", async (context) => {
    const body = await readBody(context, movePointerSchema);
    const pointer = parsePointerName(context.req.param("pointer"));
    const record = await movePointer({ agent: parseAgentName(context.req.param("agent")), pointer, ...body }, deps);
    return context.json(viewOf(pointer, record, book));
  });
  routes.delete("/v1/agents/:agent/pointers/:pointer", async (context) => {
    const body = await readBody(context, removePointerSchema);
    const record = agentOf(context.req.param("agent"), book);
    const pointer = parsePointerName(context.req.param("pointer"));
    // Where it stood is the answer, so it has to be read before.
    const before = viewOf(pointer, record, book);
    await movePointer({ agent: record.agent, pointer, release: null, ...body }, deps);
    return context.json(before);
  });
  routes.get("/v1/agents/:agent/ledger", async (context) => {
    const { agent } = agentOf(context.req.param("agent"), book);
    const entries: readonly LedgerEntryView[] = await deps.ledger.read(agentSubject(agent));
    return context.json(entries);
  });
  return routes;
}

function agentOf(name: string, book: Book): AgentRecord {
  const record = book.agent(name);
  if (record === null) throw unknownAgent(name);
  return record;
}

function viewOf(pointer: PointerName, record: AgentRecord, book: Book): PointerView {
  const { agent } = record;
  const reference = resolveRelease({ kind: "pointer", agent, pointer }, book);
  const release = record.releases.find((known) => reference.kind === "digest" && known.digest === reference.digest);
  const held = record.pointers.find((known) => known.pointer === pointer);
  return {
    agent,
    pointer,
    release: { digest: release?.digest ?? "", version: release?.version ?? "" },
    movedAt: held?.movedAt ?? null,
    actor: held?.actor ?? null,
  };
}
