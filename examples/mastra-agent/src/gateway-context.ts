import type { IncomingHttpHeaders } from "node:http";

/** What Perch's gateway says of a request, in the headers that every agent gets. */
export type GatewayContext = {
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly session: string | null;
  readonly isShadow: boolean;
};

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** W3C `traceparent` and `baggage`. */
export function readGatewayContext(headers: IncomingHttpHeaders): GatewayContext {
  const [, traceId = null, spanId = null] = TRACEPARENT.exec(text(headers["traceparent"])) ?? [];
  const baggage = new Map(
    text(headers["baggage"])
      .split(",")
      .map((member) => {
        const [pair = ""] = member.split(";");
        const at = pair.indexOf("=");
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
      }),
  );
  const session = baggage.get("perch.session.id");
  return {
    traceId,
    spanId,
    session: session === undefined ? null : decodeURIComponent(session),
    isShadow: headers["x-perch-shadow"] === "1" || baggage.get("perch.arm") === "shadow",
  };
}

function text(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : "";
}
