import { z } from "zod";
import { RoutingError } from "../routing/error.ts";

/** A text in a form that `parse` understands; its complaint is the problem's message. */
export function understoodBy(parse: (text: string) => unknown) {
  return z.string().superRefine((text, context) => {
    const problem = problemOf(() => parse(text));
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
}

function problemOf(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    if (error instanceof RoutingError) return error.message;
    throw error;
  }
}
