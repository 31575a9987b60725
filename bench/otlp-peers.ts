// OTLP traces decoded in the way that generated code does it: every field of every message becomes an object.
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import protobufjs from "protobufjs";

type Field = readonly [name: string, number: number, type: string, isRepeated?: "repeated"];

// opentelemetry-proto 1.x: common/v1, resource/v1, trace/v1 and the request of collector/trace/v1, in one package.
const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
  ExportTraceServiceRequest: [["resource_spans", 1, "ResourceSpans", "repeated"]],
  ResourceSpans: [
    ["resource", 1, "Resource"],
    ["scope_spans", 2, "ScopeSpans", "repeated"],
    ["schema_url", 3, "string"],
  ],
  Resource: [
    ["attributes", 1, "KeyValue", "repeated"],
    ["dropped_attributes_count", 2, "uint32"],
  ],
  ScopeSpans: [
    ["scope", 1, "Scope"],
    ["spans", 2, "Span", "repeated"],
    ["schema_url", 3, "string"],
  ],
  Scope: [
    ["name", 1, "string"],
    ["version", 2, "string"],
    ["attributes", 3, "KeyValue", "repeated"],
  ],
  Span: [
    ["trace_id", 1, "bytes"],
    ["span_id", 2, "bytes"],
    ["trace_state", 3, "string"],
    ["parent_span_id", 4, "bytes"],
    ["name", 5, "string"],
    ["kind", 6, "int32"],
    ["start_time_unix_nano", 7, "fixed64"],
    ["end_time_unix_nano", 8, "fixed64"],
    ["attributes", 9, "KeyValue", "repeated"],
    ["events", 11, "Event", "repeated"],
    ["links", 13, "Link", "repeated"],
    ["status", 15, "Status"],
    ["flags", 16, "fixed32"],
  ],
  Event: [
    ["time_unix_nano", 1, "fixed64"],
    ["name", 2, "string"],
    ["attributes", 3, "KeyValue", "repeated"],
  ],
  Link: [
    ["trace_id", 1, "bytes"],
    ["span_id", 2, "bytes"],
    ["attributes", 4, "KeyValue", "repeated"],
  ],
  Status: [
    ["message", 2, "string"],
    ["code", 3, "int32"],
  ],
  KeyValue: [
    ["key", 1, "string"],
    ["value", 2, "AnyValue"],
  ],
  AnyValue: [
    ["string_value", 1, "string"],
    ["bool_value", 2, "bool"],
    ["int_value", 3, "int64"],
    ["double_value", 4, "double"],
    ["array_value", 5, "ArrayValue"],
    ["kvlist_value", 6, "KeyValueList"],
    ["bytes_value", 7, "bytes"],
  ],
  ArrayValue: [["values", 1, "AnyValue", "repeated"]],
  KeyValueList: [["values", 1, "KeyValue", "repeated"]],
};
const REQUEST = "ExportTraceServiceRequest";
const SCALARS: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bytes: Type.BYTES,
  bool: Type.BOOL,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  double: Type.DOUBLE,
};

/** The way of `protobufjs`, on which `@opentelemetry/otlp-transformer` was built; it decodes no requests itself. */
export function protobufjsDecoder(): (bytes: Uint8Array) => unknown {
  const nested = Object.entries(MESSAGES).map(([name, fields]) => {
    const entries = fields.map(([field, id, type, rule]) => [
      field,
      rule === undefined ? { id, type } : { id, type, rule },
    ]);
    return [name, { fields: Object.fromEntries(entries) }];
  });
  const type = protobufjs.Root.fromJSON({ nested: Object.fromEntries(nested) }).lookupType(REQUEST);
  return (bytes) => type.decode(bytes);
}

/** The way of protobuf-es, of which Perch uses the wire readers only. */
export function protobufEsDecoder(): (bytes: Uint8Array) => unknown {
  const messageType = Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: fields.map(([field, number, type, rule]) => ({
      name: field,
      number,
      label: rule === undefined ? Label.OPTIONAL : Label.REPEATED,
      type: SCALARS[type] ?? Type.MESSAGE,
      ...(SCALARS[type] === undefined ? { typeName: `.otlp.${type}` } : {}),
    })),
  }));
  const file = create(FileDescriptorProtoSchema, {
    name: "otlp.proto",
    package: "otlp",
    syntax: "proto3",
    messageType,
  });
  const schema = createFileRegistry(file, () => undefined).getMessage(`otlp.${REQUEST}`);
  if (schema === undefined) throw new Error(`found no ${REQUEST} in the registry, expected it`);
  return (bytes) => fromBinary(schema, bytes);
}
