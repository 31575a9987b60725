import { Server, ServerResponse, type IncomingMessage } from "node:http";
import { Server as TlsServer } from "node:https";
import { incomingContext } from "../turn/incoming-context.ts";
import { readPerchSession } from "../turn/perch-session.ts";
import { inScope, sharedState, type TurnScope } from "../turn/turn-scope.ts";

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;
type Emitter = { emit: Emit };

const BEGIN_A_REQUEST: ReadonlySet<string | symbol> = new Set([
  "request",
  "checkContinue",
  "checkExpectation",
  "upgrade",
]);

/**
 * From now on every request that a server of `node:http` or `node:https` gets is answered inside its scope. Express, Fastify,
 * Hono and the MCP SDK stand on these servers. Servers that were made before count, too.
 */
export function hookServers(): void {
  const state = sharedState();
  if (state.isHooked) return;
  state.isHooked = true;
  for (const { prototype } of [Server, TlsServer]) hook(prototype as Emitter);
}

function hook(prototype: Emitter): void {
  const { emit } = prototype;
  prototype.emit = function (event, ...args) {
    if (!BEGIN_A_REQUEST.has(event)) return emit.call(this, event, ...args);
    const [request, response] = args as [IncomingMessage, unknown];
    const state = sharedState();
    state.startLater?.();
    const scope = scopeOf(request, response instanceof ServerResponse ? response : null);
    stayIn(scope, request);
    if (response instanceof ServerResponse) stayIn(scope, response as Emitter);
    return inScope(scope, () => emit.call(this, event, ...args));
  };
}

function scopeOf({ headers }: IncomingMessage, response: ServerResponse | null): TurnScope {
  const context = incomingContext(headers);
  return { session: readPerchSession(headers, context), context, response, annotations: {} };
}

/** What a connection tells of a request later (its body, its end) comes from outside of any scope. */
function stayIn(scope: TurnScope, emitter: Emitter): void {
  const { scopes } = sharedState();
  const { emit } = emitter;
  emitter.emit = function (event, ...args) {
    if (scopes.getStore() === scope) return emit.call(this, event, ...args);
    return inScope(scope, () => emit.call(this, event, ...args));
  };
}
