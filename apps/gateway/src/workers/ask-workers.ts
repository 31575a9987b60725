import { createQuestions } from "./questions.ts";
import type { Report, ReportLine, Reports } from "./report.ts";

/** The parent's part: it knows all workers, and asks each of them for whichever wants to know of all. */
export type ReportDesk = {
  /** `line` belongs to a worker that was started just now, perhaps in the place of one that died. */
  attach(worker: string, line: ReportLine): void;
};

/** A worker that takes longer is busy with something else than answering. */
const WAIT_MS = 1000;

export function createReportDesk(): ReportDesk {
  const lines = new Map<string, ReportLine>();
  const questions = createQuestions<Report>(WAIT_MS);

  async function askAll(): Promise<Reports> {
    const asked = [...lines].map(async ([worker, line]) => ({
      worker,
      report: await questions.ask((id) => line.send({ type: "reportAsked", id })),
    }));
    const answers = await Promise.all(asked);
    return {
      reporting: answers.flatMap(({ report }) => (report === null ? [] : [report])),
      silent: answers.filter(({ report }) => report === null).map(({ worker }) => worker),
    };
  }

  return {
    attach(worker, line) {
      lines.set(worker, line);
      line.onMessage((message) => {
        if (message.type === "reportGiven") questions.answered(message.id, message.report);
        if (message.type !== "reportsAsked") return;
        const { id } = message;
        void askAll().then((reports) => line.send({ type: "reportsGiven", id, reports }));
      });
    },
  };
}
