import type { ProtoEnum, ProtoField, ProtoMessage, ProtoReserved, ProtoType } from "@perch/domain";
import protobuf from "protobufjs";

export function toProtoMessage(type: protobuf.Type): ProtoMessage {
  return {
    name: nameOf(type),
    isTopLevel: !(type.parent instanceof protobuf.Type),
    fields: type.fieldsArray.map((field) => toField(field, type)),
    reserved: toReserved(type.reserved),
  };
}

export function toProtoEnum(one: protobuf.Enum): ProtoEnum {
  return {
    name: nameOf(one),
    values: Object.entries(one.values).map(([name, number]) => ({ name, number })),
    isClosed: featureOf(one, "enum_type") === "CLOSED",
  };
}

function toField(field: protobuf.Field, home: protobuf.Type): ProtoField {
  const isMap = field instanceof protobuf.MapField;
  const value = toType(field, home);
  const given: unknown = field.getOption("default");
  return {
    name: field.name,
    number: field.id,
    type: isMap ? { kind: "map", key: field.keyType, value } : value,
    isRepeated: field.repeated || isMap,
    presence: presenceOf(field, value),
    oneof: field.partOf === null || field.partOf.isProto3Optional ? null : field.partOf.name,
    default: defaultText(given),
  };
}

function defaultText(given: unknown): string | null {
  return typeof given === "string" || typeof given === "number" || typeof given === "boolean" ? String(given) : null;
}

function presenceOf(field: protobuf.Field, { kind }: ProtoType): ProtoField["presence"] {
  if (field.required) return "required";
  if (field.repeated || field instanceof protobuf.MapField) return "implicit";
  const isAlwaysKnown = field.partOf !== null || kind === "message" || kind === "imported";
  return isAlwaysKnown || featureOf(field, "field_presence") !== "IMPLICIT" ? "explicit" : "implicit";
}

function toType(field: protobuf.Field, home: protobuf.Type): ProtoType {
  if (Object.hasOwn(protobuf.types.basic, field.type)) return { kind: "scalar", name: field.type };
  const found = home.lookup(field.type, [protobuf.Type, protobuf.Enum]);
  if (found instanceof protobuf.Enum) return { kind: "enum", name: nameOf(found) };
  if (found instanceof protobuf.Type) return { kind: "message", name: nameOf(found), isDelimited: field.delimited };
  return { kind: "imported", name: field.type.replace(/^\./, "") };
}

function toReserved(reserved: protobuf.Type["reserved"] | undefined): ProtoReserved {
  const numbers = (reserved ?? []).flatMap((one) => {
    const [from, to] = typeof one === "string" ? [] : one;
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
  return { numbers, names: (reserved ?? []).filter((one) => typeof one === "string") };
}

function nameOf(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, "");
}

// protobufjs works features out and has no public name for them.
function featureOf(object: protobuf.ReflectionObject, name: string): unknown {
  const features: unknown = Reflect.get(object, "_features");
  return typeof features === "object" && features !== null ? Reflect.get(features, name) : undefined;
}
