import { createLexiconScorer } from "@perch/adapters/sentiment";
import { readSpan, type RawSpan, type Span } from "@perch/domain";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkSpans } from "../check-spans.ts";
import { decodeJsonTraces } from "../decode-json-traces.ts";
import { decodeProtobufTraces } from "../decode-protobuf-traces.ts";

/** What real frameworks sent, byte for byte. The recordings lie beside the repository, not in it. */
export const CAPTURES = fileURLToPath(new URL("../../../../../../shared/data/otlp/", import.meta.url));
export const areCapturesMissing = !existsSync(CAPTURES);
if (areCapturesMissing) process.stderr.write(`the recordings in ${CAPTURES} are absent: their tests are skipped\n`);

const scorer = createLexiconScorer();

/** The spans of a recorded post as the collector takes them; throws when it refuses any. */
export function readCapture(capture: string): readonly RawSpan[] {
  const bytes = readFileSync(`${CAPTURES}${capture}`);
  const traces = capture.endsWith(".json") ? decodeJsonTraces(bytes) : decodeProtobufTraces(bytes);
  const { spans, refused } = checkSpans(traces);
  if (refused.length > 0) throw new Error(refused.join("\n"));
  return spans;
}

/** The same in the common vocabulary, by time. */
export function spansOfCapture(capture: string): readonly Span[] {
  const spans = readCapture(capture).flatMap((raw) => readSpan(raw, scorer));
  return spans.toSorted((a, b) => a.startedAt - b.startedAt);
}
