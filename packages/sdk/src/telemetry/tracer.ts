import { trace, type Tracer } from "@opentelemetry/api";

/** The collector knows spans of Perch by the scope's name. Asked for at each use: a provider may be registered late. */
export function tracer(): Tracer {
  return trace.getTracer("perch.sdk");
}
