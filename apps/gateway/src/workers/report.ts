import type { GatewayProcess } from "@perch/api";

/** What one worker tells of itself. */
export type Report = { readonly gateway: string; readonly metrics: string; readonly status: GatewayProcess };

export type Reports = {
  readonly reporting: readonly Report[];
  /** Workers that did not answer in time. */
  readonly silent: readonly string[];
};

/** Between a worker and the parent that runs it, over the line that Node gives them. */
export type ReportMessage =
  | { readonly type: "reportAsked"; readonly id: number }
  | { readonly type: "reportGiven"; readonly id: number; readonly report: Report }
  | { readonly type: "reportsAsked"; readonly id: number }
  | { readonly type: "reportsGiven"; readonly id: number; readonly reports: Reports };

/** One end of such a line. */
export type ReportLine = {
  /** Goes nowhere when the other end is gone. */
  send(message: ReportMessage): void;
  onMessage(hear: (message: ReportMessage) => void): void;
};

const TYPES = new Set(["reportAsked", "reportGiven", "reportsAsked", "reportsGiven"]);

/** Both ends are this very program; anything else on the line is not meant for it. */
export function parseReportMessage(message: unknown): ReportMessage | null {
  if (typeof message !== "object" || message === null || !("type" in message)) return null;
  return TYPES.has(String(message.type)) ? (message as ReportMessage) : null;
}
