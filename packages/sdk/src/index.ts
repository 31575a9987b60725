import { createPerch, type Perch } from "./perch.ts";

export type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
export { SdkError, type SdkErrorCode } from "./error.ts";
export type { Memory, MemoryUse, UseMemory } from "./memory/memory.ts";
export type { Perch } from "./perch.ts";
export type { Boundary } from "./session/boundary.ts";
export type { Escalation } from "./session/escalate.ts";
export type { OutcomeOptions, SayOutcome } from "./session/outcome.ts";
export type { Transaction, TransactionOptions } from "./session/transaction.ts";
export type { Receipt } from "./telemetry/send-json.ts";
export type { StartOptions, Telemetry } from "./telemetry/telemetry.ts";
export type { StandardSchema, ToolParameters } from "./tools/check-arguments.ts";
export type { Tool, ToolOptions } from "./tools/tool.ts";
export type { IncomingHeaders, PerchSession } from "./turn/perch-session.ts";

export const perch: Perch = createPerch(process.env);
