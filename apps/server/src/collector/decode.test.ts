import { TelemetryError } from "@perch/domain";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkSpans } from "./check-spans.ts";
import { decodeJsonLogs } from "./decode-json-logs.ts";
import { decodeJsonTraces } from "./decode-json-traces.ts";
import { decodeProtobufLogs } from "./decode-protobuf-logs.ts";
import { decodeProtobufTraces } from "./decode-protobuf-traces.ts";

const DECODERS = [decodeJsonLogs, decodeJsonTraces, decodeProtobufLogs, decodeProtobufTraces];

function message(field: number, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  return writer.join().finish();
}

/** `ExportTraceServiceRequest` around one span. */
function requestOf(span: Uint8Array): Uint8Array {
  return message(1, (resourceSpans) =>
    resourceSpans.raw(message(2, (scopeSpans) => scopeSpans.raw(message(2, (writer) => writer.raw(span))))),
  );
}

function tracesOf(span: unknown) {
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

function jsonRequestOf(span: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(tracesOf(span)));
}

const aJsonSpan = {
  traceId: "0AF7651916CD43DD8448EB211C80319C",
  spanId: "B7AD6B7169203331",
  name: "chat",
  startTimeUnixNano: "1795403790892000000",
  endTimeUnixNano: 1795403790893500000,
};

function decodeJsonAttribute(value: unknown) {
  const [scope] = decodeJsonTraces(jsonRequestOf({ ...aJsonSpan, attributes: [{ key: "k", value }] }));
  return scope?.spans[0]?.attributes.get("k");
}

function decodeProtobufAttribute(writeValue: (writer: BinaryWriter) => void) {
  const pair = (writer: BinaryWriter) =>
    writer.tag(1, WireType.LengthDelimited).string("k").raw(message(2, writeValue));
  const [scope] = decodeProtobufTraces(requestOf(message(9, pair)));
  return scope?.spans[0]?.attributes.get("k");
}

test("never fails on any bytes but by saying that they are malformed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...DECODERS), (bytes, decode) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TelemetryError);
        expect(error).toMatchObject({ code: "payload_malformed" });
      }
    }),
    { numRuns: 500 },
  );
});

test("never fails on any JSON but by saying that it is malformed", () => {
  const keys = fc.constantFrom(
    "resourceSpans",
    "scopeSpans",
    "spans",
    "attributes",
    "key",
    "value",
    "arrayValue",
    "status",
  );
  const nearlyOtlp = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthIdentifier: "otlp" },
      fc.constantFrom<unknown>(null, 1, "text", true, [], {}),
      tie("object"),
      fc.array(tie("value"), { maxLength: 2, depthIdentifier: "otlp" }),
    ),
    object: fc.dictionary(keys, tie("value"), { maxKeys: 3, depthIdentifier: "otlp" }),
  })).object;
  fc.assert(
    fc.property(nearlyOtlp, (body) => {
      try {
        checkSpans(decodeJsonTraces(Buffer.from(JSON.stringify(body))));
      } catch (error) {
        expect(error).toMatchObject({ name: "TelemetryError", code: "payload_malformed" });
      }
    }),
  );
});

test("a message cut off anywhere inside is malformed, never half read", () => {
  const whole = requestOf(new BinaryWriter().tag(5, WireType.LengthDelimited).string("a name").finish());
  for (let length = 1; length < whole.length; length += 1) {
    expect(() => decodeProtobufTraces(whole.slice(0, length))).toThrow(TelemetryError);
  }
});

test("reads every kind of value from JSON, integers as text or number", () => {
  expect(decodeJsonAttribute({ stringValue: "s" })).toBe("s");
  expect(decodeJsonAttribute({ intValue: "42" })).toBe(42);
  expect(decodeJsonAttribute({ intValue: 42 })).toBe(42);
  expect(decodeJsonAttribute({ doubleValue: "NaN" })).toBeNaN();
  expect(decodeJsonAttribute({ boolValue: false })).toBe(false);
  expect(decodeJsonAttribute({ bytesValue: "AAE=" })).toBe("AAE=");
  expect(decodeJsonAttribute({ arrayValue: { values: [{ stringValue: "a" }, {}] } })).toEqual(["a", null]);
  expect(decodeJsonAttribute({ kvlistValue: { values: [{ key: "x", value: { intValue: 1 } }] } })).toEqual(
    new Map([["x", 1]]),
  );
  expect(decodeJsonAttribute({})).toBeNull();
});

test("reads every kind of value from protobuf", () => {
  expect(decodeProtobufAttribute((w) => w.tag(1, WireType.LengthDelimited).string("s"))).toBe("s");
  expect(decodeProtobufAttribute((w) => w.tag(2, WireType.Varint).bool(true))).toBe(true);
  expect(decodeProtobufAttribute((w) => w.tag(3, WireType.Varint).int64(-42))).toBe(-42);
  expect(decodeProtobufAttribute((w) => w.tag(4, WireType.Bit64).double(0.5))).toBe(0.5);
  expect(decodeProtobufAttribute((w) => w.tag(7, WireType.LengthDelimited).bytes(new Uint8Array([0, 1])))).toBe("AAE=");
  const text = message(1, (w) => w.tag(1, WireType.LengthDelimited).string("a"));
  expect(decodeProtobufAttribute((w) => w.raw(message(5, (array) => array.raw(text))))).toEqual(["a"]);
  expect(decodeProtobufAttribute(() => undefined)).toBeNull();
});

test("passes over values nested deeper than anybody means, in both encodings", () => {
  const open = '{"arrayValue":{"values":['.repeat(10_000);
  const json = `${open}{"stringValue":"deep"}${"]}}".repeat(10_000)}`;
  const body = JSON.stringify(tracesOf({ ...aJsonSpan, attributes: [{ key: "k", value: "HERE" }] }));
  const [scope] = decodeJsonTraces(Buffer.from(body.replace('"HERE"', json)));
  expect(JSON.stringify(scope?.spans[0]?.attributes.get("k"))).not.toContain("deep");

  let protobuf: Uint8Array = new BinaryWriter().tag(1, WireType.LengthDelimited).string("deep").finish();
  for (let depth = 0; depth < 1000; depth += 1) {
    const inner = protobuf;
    protobuf = message(5, (array) => array.raw(message(1, (value) => value.raw(inner))));
  }
  expect(JSON.stringify(decodeProtobufAttribute((w) => w.raw(protobuf)))).not.toContain("deep");
});

test("a field in a wrong wire type is skipped like an unknown one", () => {
  const span = new BinaryWriter().tag(5, WireType.Varint).uint32(7).tag(99, WireType.Bit32).fixed32(1).finish();
  expect(decodeProtobufTraces(requestOf(span))[0]?.spans[0]).toMatchObject({ name: "" });
});

test("times are milliseconds to the microsecond, the same from both encodings", () => {
  const [json] = decodeJsonTraces(jsonRequestOf(aJsonSpan));
  const times = new BinaryWriter().tag(7, WireType.Bit64).fixed64("1795403790892000000").tag(8, WireType.Bit64);
  const [protobuf] = decodeProtobufTraces(requestOf(times.fixed64("1795403790893500000").finish()));
  const expected = { startedAt: 1_795_403_790_892, endedAt: 1_795_403_790_893.5 };
  expect(json?.spans[0]).toMatchObject(expected);
  expect(protobuf?.spans[0]).toMatchObject(expected);
});

test("the kind of a span, its scope's version and the time of its events are the same from both encodings", () => {
  const event = { timeUnixNano: "1795403790892500000", name: "First Token Stream Event" };
  const scope = { name: "ai", version: "7.0.1" };
  const spans = [{ ...aJsonSpan, kind: 3, events: [event] }];
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope, spans }] }] }));
  const named = Buffer.from(body.toString().replace('"kind":3', '"kind":"SPAN_KIND_CLIENT"'));

  const bytes = (writer: BinaryWriter) => writer.finish();
  const eventBytes = bytes(
    new BinaryWriter()
      .tag(1, WireType.Bit64)
      .fixed64(event.timeUnixNano)
      .tag(2, WireType.LengthDelimited)
      .string(event.name),
  );
  const ids = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(Buffer.from(aJsonSpan.traceId, "hex"));
  ids.tag(2, WireType.LengthDelimited).bytes(Buffer.from(aJsonSpan.spanId, "hex")).tag(6, WireType.Varint).int32(3);
  ids
    .tag(7, WireType.Bit64)
    .fixed64(aJsonSpan.startTimeUnixNano)
    .raw(message(11, (writer) => writer.raw(eventBytes)));
  const scopeBytes = message(1, (writer) => {
    writer.tag(1, WireType.LengthDelimited).string(scope.name).tag(2, WireType.LengthDelimited).string(scope.version);
  });
  const span = message(2, (writer) => writer.raw(ids.finish()));
  const protobuf = message(1, (resource) => resource.raw(message(2, (scopes) => scopes.raw(scopeBytes).raw(span))));

  for (const traces of [decodeJsonTraces(body), decodeJsonTraces(named), decodeProtobufTraces(protobuf)]) {
    expect(checkSpans(traces).spans).toMatchObject([
      { kind: "client", scopeVersion: "7.0.1", events: [{ name: event.name, at: 1_795_403_790_892.5 }] },
    ]);
  }
});

test("one span without usable ids or times is refused with a reason, the others are kept", () => {
  const spans = [
    aJsonSpan,
    { ...aJsonSpan, traceId: "0".repeat(32) },
    { ...aJsonSpan, spanId: "" },
    { ...aJsonSpan, startTimeUnixNano: "yesterday" },
    { ...aJsonSpan, startTimeUnixNano: null, endTimeUnixNano: 1 },
  ];
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  const checked = checkSpans(decodeJsonTraces(body));
  expect(checked.spans.map((span) => span.traceId)).toEqual([
    aJsonSpan.traceId.toLowerCase(),
    aJsonSpan.traceId.toLowerCase(),
  ]);
  expect(checked.refused).toHaveLength(3);
  expect(checked.oddlyTimed).toBe(1);
});

test("a span that ends before it starts took no time", () => {
  const { spans } = checkSpans(decodeJsonTraces(jsonRequestOf({ ...aJsonSpan, endTimeUnixNano: "1" })));
  expect(spans[0]).toMatchObject({ durationMs: 0 });
});
