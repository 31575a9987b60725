import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export type WrittenSpan = {
  readonly traceId: string;
  readonly spanId?: string;
  readonly tool?: string;
  readonly startedAtNs?: bigint;
  /** Bytes of an attribute that nobody reads. */
  readonly padding?: number;
};

/** An `ExportTraceServiceRequest` of tool calls, written out field by field as no library would write it for us. */
export function aTraceRequest(...spans: readonly WrittenSpan[]): Uint8Array {
  return message(1, (resourceSpans) =>
    resourceSpans.raw(
      message(2, (scopeSpans) => {
        scopeSpans.raw(message(1, (scope) => scope.tag(1, WireType.LengthDelimited).string("gen_ai")));
        for (const span of spans) scopeSpans.raw(message(2, (writer) => writeSpan(writer, span)));
      }),
    ),
  );
}

function writeSpan(writer: BinaryWriter, span: WrittenSpan): void {
  const { traceId, spanId = "b7ad6b7169203331", tool = "refund", startedAtNs = 1_795_403_790_892_000_000n } = span;
  writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(traceId, "hex"));
  writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(spanId, "hex"));
  writer.tag(5, WireType.LengthDelimited).string(`execute_tool ${tool}`);
  writer.tag(7, WireType.Bit64).fixed64(startedAtNs);
  writer.tag(8, WireType.Bit64).fixed64(startedAtNs + 1_000_000n);
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool };
  for (const [key, value] of Object.entries({ ...attributes, padding: "x".repeat(span.padding ?? 0) })) {
    writer.raw(message(9, (pair) => writeAttribute(pair, key, value)));
  }
}

function writeAttribute(pair: BinaryWriter, key: string, value: string): void {
  pair.tag(1, WireType.LengthDelimited).string(key);
  pair.raw(message(2, (anyValue) => anyValue.tag(1, WireType.LengthDelimited).string(value)));
}

function message(field: number, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter().tag(field, WireType.LengthDelimited).fork();
  write(writer);
  return writer.join().finish();
}
