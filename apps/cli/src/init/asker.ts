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
  // A queue, so that lines that were typed ahead or pasted together answer one question each.
  const typed = lines[Symbol.asyncIterator]();
  // Ctrl-C ends the input, as Ctrl-D does: without this the question would wait for ever.
  lines.on("SIGINT", () => lines.close());
  let isClosed = false;
  lines.on("close", () => (isClosed = true));
  async function answerTo(prompt: string): Promise<string> {
    lines.setPrompt(prompt);
    // Input that has ended may have left lines behind that are still to be read.
    if (isClosed) output.write(prompt);
    else lines.prompt();
    const line = await typed.next();
    if (line.done !== true) return line.value;
    output.write("\n");
    throw new CliError({
      code: "input_invalid",
      message: "found no answer, expected one; nothing was written",
      hint: "start again, or give the answers as options: perch init --help",
    });
  }
  return {
    async ask({ text, explanation, fallback, problemOf }) {
      for (;;) {
        const given = (await answerTo(`${text} (${explanation}) [${shortened(fallback)}]: `)).trim();
        const answer = given === "" ? fallback : given;
        const problem = problemOf(answer);
        if (problem === null) return answer;
        output.write(`  ${problem}\n`);
      }
    },
    close: () => lines.close(),
  };
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
