import type { Pin } from "@perch/domain";
import { copiedLines, forwardedLines } from "../proxy/headers.ts";
import type { TraceContext } from "../proxy/trace-context.ts";
import type { RoutedRelease, Upstream } from "../table/route-index.ts";
import type { RequestCopy } from "./request-copy.ts";
import type { Addressed } from "./translate-ids.ts";

export type ShadowHead = {
  readonly request: Addressed;
  readonly copy: Pick<RequestCopy, "remoteAddress" | "hasBody">;
  readonly pin: Pin & { readonly shadow: NonNullable<Pin["shadow"]> };
  readonly release: Pick<RoutedRelease, "version">;
  readonly pathPrefix: string;
  readonly trace: TraceContext;
};

/** The head of a mirrored request: what the client said, and everything of the gateway's about the shadow. */
export function shadowHead({ request, copy, pin, release, pathPrefix, trace }: ShadowHead, upstream: Upstream): string {
  const { method, path, query, fields, body } = request;
  const { rollout, release: digest } = pin.shadow;
  const length = copy.hasBody ? `content-length: ${body.byteLength}\r\n` : "";
  const baggage =
    `perch.release=${digest},perch.arm=shadow,perch.session.id=${encodeURIComponent(pin.session)}` +
    `,perch.rollout=${encodeURIComponent(rollout)}`;
  return (
    `${method} ${upstream.basePath}${path}${query} HTTP/1.1\r\nhost: ${upstream.host}\r\n${copiedLines(fields)}${length}` +
    `traceparent: ${trace.traceparent}\r\nbaggage: ${baggage}\r\nx-perch-shadow: 1\r\n` +
    `x-perch-release: ${digest}\r\nx-perch-version: ${release.version}\r\nx-perch-arm: shadow\r\n` +
    `x-perch-session: ${pin.session}\r\nx-perch-rollout: ${rollout}\r\n${forwardedLines({ fields, remoteAddress: copy.remoteAddress, pathPrefix })}\r\n`
  );
}
