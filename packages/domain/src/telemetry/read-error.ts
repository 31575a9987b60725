import { firstDuration, firstText, textAttribute, type Attributes, type RawSpan } from "./raw-span.ts";
import type { Span } from "./span.ts";

export type ErrorReading = Pick<Span, "isError" | "errorType" | "errorMessage">;

const NO_ERROR: ErrorReading = { isError: false, errorType: null, errorMessage: null };
const MESSAGE_CHARACTERS = 300;
// A class or a code. Whatever else stands there is a message, of which there are too many to count by.
const ERROR_TYPE = /^[\w.$:/<>+-]{1,100}$/;

/**
 * What went wrong, wherever OpenTelemetry can say so: the status, an exception event that no status came with, or
 * `error.type`. A status that was set to OK is the instrumentation's last word: what was thrown was dealt with.
 */
export function readError(raw: RawSpan): ErrorReading {
  if (raw.status === "ok") return NO_ERROR;
  const exception = raw.events.findLast((event) => event.name === "exception")?.attributes ?? NOTHING;
  const said = textAttribute(raw.attributes, "error.type");
  if (raw.status === "unset" && exception === NOTHING && said === null) return NO_ERROR;
  const message = firstText(exception, ["exception.message"]) ?? firstText(raw.attributes, ["error.message"]);
  return {
    isError: true,
    errorType: errorType(raw, exception),
    errorMessage: errorMessage(message ?? raw.statusMessage),
  };
}

const NOTHING: Attributes = new Map();
const SAYS_NOTHING: ReadonlySet<string> = new Set(["unknown", "_OTHER"]);

/** What the instrumentation calls it, else the class of what was thrown, else the code; never a message. */
function errorType(raw: RawSpan, exception: Attributes): string | null {
  const said = textAttribute(raw.attributes, "error.type");
  const isTelling = said !== null && !SAYS_NOTHING.has(said);
  const type = isTelling ? said : (textAttribute(exception, "exception.type") ?? statusCode(raw) ?? said);
  return type !== null && ERROR_TYPE.test(type) ? type : null;
}

/** The first paragraph, without the stack that LangChain puts behind it, and cut short. */
export function errorMessage(text: string): string | null {
  const end = text.slice(0, 2 * MESSAGE_CHARACTERS).search(/\r?\n\s*(?:\n|at )/);
  const message = text.slice(0, end === -1 ? MESSAGE_CHARACTERS : Math.min(end, MESSAGE_CHARACTERS));
  return message === "" ? null : message;
}

function statusCode({ attributes }: RawSpan): string | null {
  const http = firstDuration(attributes, ["http.response.status_code", "http.status_code"]);
  if (http !== null && http >= 400) return String(http);
  return firstText(attributes, ["rpc.response.status_code"]);
}
