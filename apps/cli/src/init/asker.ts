import { createInterface } from "node:readline/promises";
import { CliError } from "../cli-error.ts";

export type Question = {
  readonly text: string;
  /** A few words on what the answer is for. */
  readonly explanation: string;
  /** What Enter alone means. */
  readonly fallback: string;
  /** What is wrong with an answer; null when nothing is. */
  readonly problemOf: (answer: string) => string | null;
};

export type Asker = {
  /** Asks until the answer will do. Throws `CliError` `input_invalid` when the person leaves. */
  readonly ask: (question: Question) => Promise<string>;
  readonly close: () => void;
};

export type AskerStreams = { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream };

export function createAsker({ input, output }: AskerStreams): Asker {
  const lines = createInterface({ input, output });
  const left = new AbortController();
  // Ctrl-C, and the end of the input: without this a question would wait for ever.
  lines.on("SIGINT", () => left.abort());
  lines.on("close", () => left.abort());
  async function answerTo(prompt: string): Promise<string> {
    try {
      return await lines.question(prompt, { signal: left.signal });
    } catch (cause) {
      throw new CliError({
        code: "input_invalid",
        message: "found no answer, expected one; nothing was written",
        hint: "start again, or give the answers as options: perch init --help",
        cause,
      });
    }
  }
  return {
    async ask({ text, explanation, fallback, problemOf }) {
      for (;;) {
        const given = (await answerTo(`${text} (${explanation}) [${fallback}]: `)).trim();
        const answer = given === "" ? fallback : given;
        const problem = problemOf(answer);
        if (problem === null) return answer;
        output.write(`  ${problem}\n`);
      }
    },
    close: () => lines.close(),
  };
}
