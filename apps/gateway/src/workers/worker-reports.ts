import { createQuestions } from "./questions.ts";
import { parseReportMessage, type Report, type ReportLine, type Reports } from "./report.ts";

/** Longer than the parent waits for any worker. */
const WAIT_MS = 2000;

/**
 * A worker's part: connections to the shared port reach any of the workers, so whichever is asked tells of all. When the
 * parent is gone it can tell of itself only.
 */
export function createWorkerReports(line: ReportLine, own: () => Promise<Report>): { all(): Promise<Reports> } {
  const questions = createQuestions<Reports>(WAIT_MS);
  line.onMessage((message) => {
    if (message.type === "reportsGiven") questions.answered(message.id, message.reports);
    if (message.type !== "reportAsked") return;
    const { id } = message;
    // Without an answer the worker counts as silent, which it is.
    own().then(
      (report) => line.send({ type: "reportGiven", id, report }),
      () => {},
    );
  });
  return {
    async all() {
      const reports = await questions.ask((id) => line.send({ type: "reportsAsked", id }));
      return reports ?? { reporting: [await own()], silent: [] };
    },
  };
}

/** This process's line to the parent that runs it as a worker; null without one. */
export function lineToParent(): ReportLine | null {
  if (process.send === undefined) return null;
  return {
    send(message) {
      // Without the callback a parent that is just going would be an error that nobody catches.
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (hear) =>
      void process.on("message", (message) => {
        const parsed = parseReportMessage(message);
        if (parsed !== null) hear(parsed);
      }),
  };
}
