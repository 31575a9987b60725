import type { TurnRecord } from "@perch/domain";
import { fieldOf } from "../http1/fields.ts";
import type { Forwarding } from "../proxy/exchange.ts";
import type { TracedTurn } from "./turn-span.ts";

/** What a span needs of a request, so that nothing else of it has to be kept until the span is sent. */
export function tracedTurnOf({ turn, pathPrefix, release, trace }: Forwarding, record: TurnRecord): TracedTurn {
  const { request, remoteAddress } = turn;
  return {
    record,
    trace,
    version: release.version,
    method: request.method,
    path: request.path,
    route: pathPrefix || "/",
    host: fieldOf(request.fields, "host"),
    userAgent: fieldOf(request.fields, "user-agent"),
    clientAddress: remoteAddress,
  };
}
