import { ROOT_CONTEXT } from "@opentelemetry/api";
import { SamplingDecision, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace-base";

/** Whether a trace is kept; `parent` says what the client decided, null when the trace begins here. */
export type Sampler = (traceId: string, parent: boolean | null) => boolean;

/** What `OTEL_TRACES_SAMPLER` says. */
export type SamplerConfig = {
  readonly root:
    { readonly kind: "always"; readonly isSampled: boolean } | { readonly kind: "ratio"; readonly ratio: number };
  /** Whoever began a trace decides for it. */
  readonly followsParent: boolean;
};

export function createSampler({ root, followsParent }: SamplerConfig): Sampler {
  // OpenTelemetry's own, so that everybody who samples by the same ratio keeps the same traces.
  const byRatio = new TraceIdRatioBasedSampler(root.kind === "ratio" ? root.ratio : 1);
  const ofRoot = (traceId: string): boolean =>
    root.kind === "always"
      ? root.isSampled
      : byRatio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  return (traceId, parent) => (parent !== null && followsParent ? parent : ofRoot(traceId));
}
