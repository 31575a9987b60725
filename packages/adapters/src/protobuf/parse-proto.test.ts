import { checkCompatibility, ReleaseError, type Compatibility } from "@perch/domain";
import { describe, expect, test } from "vitest";
import { parseProto } from "./parse-proto.ts";

test("a schema is read whole, types of other files by their names", () => {
  const schema = parseProto(`
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/timestamp.proto";
    message Order {
      reserved 9, 11 to 13;
      reserved "old";
      optional string id = 1;
      int64 cents = 2;
      repeated Line lines = 3;
      map<string, State> states = 4;
      oneof payer { string user = 5; bytes account = 6; }
      google.protobuf.Timestamp at = 7;
      message Line { string sku = 1; }
    }
    enum State { UNKNOWN = 0; PAID = 1; }`);
  expect(schema.messages.map(({ name, isTopLevel }) => [name, isTopLevel])).toEqual([
    ["shop.v1.Order", true],
    ["shop.v1.Order.Line", false],
  ]);
  expect(schema.messages[0]?.reserved).toEqual({
    numbers: [
      { from: 9, to: 9 },
      { from: 11, to: 13 },
    ],
    names: ["old"],
  });
  const plain = { isRepeated: false, presence: "implicit", oneof: null, default: null };
  const message = (name: string) => ({ kind: "message", name, isDelimited: false });
  expect(schema.messages[0]?.fields).toEqual([
    { ...plain, name: "id", number: 1, type: { kind: "scalar", name: "string" }, presence: "explicit" },
    { ...plain, name: "cents", number: 2, type: { kind: "scalar", name: "int64" } },
    { ...plain, name: "lines", number: 3, type: message("shop.v1.Order.Line"), isRepeated: true },
    {
      ...plain,
      name: "states",
      number: 4,
      type: { kind: "map", key: "string", value: { kind: "enum", name: "shop.v1.State" } },
      isRepeated: true,
    },
    {
      ...plain,
      name: "user",
      number: 5,
      type: { kind: "scalar", name: "string" },
      presence: "explicit",
      oneof: "payer",
    },
    {
      ...plain,
      name: "account",
      number: 6,
      type: { kind: "scalar", name: "bytes" },
      presence: "explicit",
      oneof: "payer",
    },
    {
      ...plain,
      name: "at",
      number: 7,
      type: { kind: "imported", name: "google.protobuf.Timestamp" },
      presence: "explicit",
    },
  ]);
  expect(schema.enums).toEqual([
    {
      name: "shop.v1.State",
      values: [
        { name: "UNKNOWN", number: 0 },
        { name: "PAID", number: 1 },
      ],
      isClosed: false,
    },
  ]);
});

test.each([
  [
    'syntax = "proto2"; message M { required int32 a = 1; optional int32 b = 2 [default = 7]; optional E e = 3; } enum E { A = 1; }',
    "required",
    "explicit",
    true,
  ],
  [
    'syntax = "proto3"; message M { int32 a = 1; optional int32 b = 2; E e = 3; } enum E { A = 0; }',
    "implicit",
    "explicit",
    false,
  ],
  [
    'edition = "2023"; message M { int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; int32 b = 2; E e = 3; } enum E { A = 0; }',
    "required",
    "explicit",
    false,
  ],
])("presence and closed enums follow syntax and edition: %s", (...[text, ofA, ofB, isClosed]) => {
  const { messages, enums } = parseProto(text);
  expect(messages[0]?.fields.map(({ presence }) => presence).slice(0, 2)).toEqual([ofA, ofB]);
  expect(enums[0]?.isClosed).toBe(isClosed);
});

test("a type that cannot be found does not hide what the rest says", () => {
  const { messages, enums } = parseProto(
    'syntax = "proto2"; message M { optional a.B b = 1; required int32 c = 2; } enum E { A = 1; }',
  );
  expect(messages[0]?.fields.map(({ presence }) => presence)).toEqual(["explicit", "required"]);
  expect(enums[0]?.isClosed).toBe(true);
});

function problemOf(text: string): ReleaseError {
  try {
    parseProto(text);
  } catch (error) {
    if (error instanceof ReleaseError) return error;
  }
  throw new Error("nothing was refused");
}

describe("refused:", () => {
  test.each([
    ["message M {\n  int32 a = x;\n}", 2, "found illegal token 'int32' at line 2"],
    ['syntax = "proto3";\nmessage M {\n  string name 1;\n}', 3, "illegal token '1'"],
    ["message M {", 1, "found its end too early at line 1"],
  ])("%j, with its line", (...[text, line, message]) => {
    const error = problemOf(text);
    expect(error.code).toBe("spec_invalid");
    expect(error.message).toContain(message);
    expect(error.problems[0]?.line).toBe(line);
  });

  test.each([
    'syntax = "proto3"; message M { int32 a = 1; int32 b = 1; }',
    'syntax = "proto3"; message M { int32 a = 1; int32 a = 2; }',
    "message M {".repeat(5000),
    'syntax = "proto9"; message M {}',
    "x".repeat(1_000_001),
    `message M { ${Array.from({ length: 2001 }, (_, index) => `int32 f${index} = ${index + 1};`).join(" ")} }`,
  ])("what has no place", (text) => {
    expect(problemOf(text)).toMatchObject({ code: "spec_invalid", hint: expect.stringContaining("memory schema") });
  });

  test("names that objects have by themselves do no harm", () => {
    expect(() =>
      parseProto(
        'syntax = "proto3"; message M { int32 constructor = 1; int32 toString = 2; int32 hasOwnProperty = 3; }',
      ),
    ).not.toThrow();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

/** Fields of a message M, with an enum and a message to refer to. */
const proto = (fields: string, syntax = "proto3"): string =>
  `syntax = "${syntax}"; message M { ${fields} } message Sub { int32 a = 1; } message Other { string a = 1; } enum E { ZERO = 0; ONE = 1; }`;

const check = (reader: string, writer: string): Compatibility =>
  checkCompatibility(
    { format: "protobuf", definition: parseProto(reader) },
    { format: "protobuf", definition: parseProto(writer) },
  );

function found(result: Compatibility): readonly string[] {
  const line = (kind: string) => (one: { path: string; message: string }) => `${kind} ${one.path}: ${one.message}`;
  return [
    ...(result.kind === "compatible" ? [] : result.problems.map(line("problem"))),
    ...result.notes.map(line("note")),
  ];
}

const FAMILIES = [
  ["int32", "uint32", "int64", "uint64", "bool"],
  ["sint32", "sint64"],
  ["fixed32", "sfixed32"],
  ["fixed64", "sfixed64"],
  ["string", "bytes"],
  ["float"],
  ["double"],
];
/** Writer → readers that lose nothing. */
const SAFE: Readonly<Record<string, readonly string[]>> = {
  bool: ["int32", "uint32", "int64", "uint64"],
  int32: ["int64"],
  uint32: ["int64", "uint64"],
  sint32: ["sint64"],
  string: ["bytes"],
};
const SCALARS = FAMILIES.flat();

describe("a field of another scalar type:", () => {
  test.each(SCALARS.flatMap((writer) => SCALARS.map((reader) => [writer, reader] as const)))(
    "%s read as %s",
    (writer, reader) => {
      const lines = found(check(proto(`${reader} a = 1;`), proto(`${writer} a = 1;`)));
      const isSafe = writer === reader || (SAFE[writer] ?? []).includes(reader);
      const isReadable = FAMILIES.some((family) => family.includes(writer) && family.includes(reader));
      expect(lines).toHaveLength(isSafe ? 0 : 1);
      expect(lines.join().endsWith("the bytes are others")).toBe(!isSafe && !isReadable);
    },
  );
});

type Row = readonly [writer: string, reader: string, found: readonly string[]];
const ROWS: Readonly<Record<string, Row>> = {
  "one more field": ["int32 a = 1;", "int32 a = 1; int32 b = 2;", []],
  "one fewer, reserved": ["int32 a = 1; int32 b = 2;", "reserved 2; int32 a = 1;", []],
  "one fewer, not reserved": [
    "int32 a = 1; int32 b = 2;",
    "int32 a = 1;",
    ["note M.b: the reader neither has field 2 nor reserves its number: a later field could misread old records"],
  ],
  "a reserved number taken again": [
    "reserved 1 to 4, 2 to 3; int32 a = 5;",
    "int32 b = 4; int32 a = 5;",
    ["problem M.b: the reader uses number 4, which the writer reserved: older records hold something else there"],
  ],
  "a reserved name taken again": [
    'reserved "b"; int32 a = 1;',
    "int32 a = 1; int32 b = 2;",
    ["note M.b: the reader uses a name that the writer reserved"],
  ],
  "another number": [
    "int32 a = 1;",
    "int32 a = 2;",
    ["problem M.a: the reader expects this field under number 2, the writer writes it under 1"],
  ],
  "another name": ["int32 a = 1;", "int32 b = 1;", ["note M.a: the reader calls field 1 b: its JSON form is another"]],
  "one value read as a list": ["int32 a = 1;", "repeated int32 a = 1;", []],
  "a list of numbers read as one": [
    "repeated int32 a = 1;",
    "int32 a = 1;",
    ["problem M.a: the reader expects one value, the writer writes a list, packed so that the reader cannot read it"],
  ],
  "a list of texts read as one": [
    "repeated string a = 1;",
    "string a = 1;",
    ["problem M.a: the reader keeps only the last value of the writer's list"],
  ],
  "presence gained": [
    "int32 a = 1;",
    "optional int32 a = 1;",
    ["note M.a: the reader sees nothing where the writer had a zero"],
  ],
  "presence lost": [
    "optional int32 a = 1;",
    "int32 a = 1;",
    ["note M.a: the reader sees a zero where the writer had nothing"],
  ],
  "one field moved into a oneof": ["optional int32 a = 1;", "oneof o { int32 a = 1; string b = 2; }", []],
  "two fields moved into a oneof": [
    "optional int32 a = 1; optional int32 b = 2;",
    "oneof o { int32 a = 1; int32 b = 2; }",
    ["problem M.o: the reader keeps only one of a, b, which the writer may set together"],
  ],
  "two oneofs made one": [
    "oneof o { int32 a = 1; } oneof p { int32 b = 2; }",
    "oneof o { int32 a = 1; int32 b = 2; }",
    ["problem M.o: the reader keeps only one of a, b, which the writer may set together"],
  ],
  "moved out of a oneof": ["oneof o { int32 a = 1; int32 b = 2; }", "optional int32 a = 1; optional int32 b = 2;", []],
  "a message read as bytes": [
    "Sub a = 1;",
    "bytes a = 1;",
    ["note M.a: the reader sees a zero where the writer had nothing"],
  ],
  "bytes read as a message": [
    "optional bytes a = 1;",
    "Sub a = 1;",
    ["problem M.a: the reader expects message Sub, the writer writes bytes: the bytes are others"],
  ],
  "another message with the same field": [
    "Sub a = 1;",
    "Other a = 1;",
    ["problem M.a.a: the reader expects string, the writer writes int32: the bytes are others"],
  ],
  "an enum read as a number": ["E a = 1;", "int64 a = 1;", []],
  "a number read as an enum": [
    "int32 a = 1;",
    "E a = 1;",
    [
      "problem M.a: the reader expects enum E, the writer writes int32: numbers that are no value of the enum may be dropped",
    ],
  ],
  "a map with wider values": ["map<string, int32> a = 1;", "map<string, int64> a = 1;", []],
  "a map with narrower keys": [
    "map<int64, string> a = 1;",
    "map<int32, string> a = 1;",
    ["problem M.a[key]: the reader expects int32, the writer writes int64: large or negative values read as others"],
  ],
  "a map read as a number": [
    "map<string, Sub> a = 1;",
    "int32 a = 1;",
    ["problem M.a: the reader expects int32, the writer writes map<string, message Sub>: the bytes are others"],
  ],
};

describe("a message with", () => {
  test.each(Object.entries(ROWS))("%s", (_, [writer, reader, expected]) => {
    expect(found(check(proto(reader), proto(writer)))).toEqual(expected);
  });

  test("itself is compatible, also when it refers to itself", () => {
    const cyclic = 'syntax = "proto3"; message A { B b = 1; A a = 2; } message B { repeated A a = 1; }';
    expect(check(cyclic, cyclic)).toEqual({ kind: "compatible", notes: [] });
  });

  test("a change in a message that others refer to", () => {
    const cyclic = (type: string) => `syntax = "proto3"; message A { B b = 1; } message B { A a = 1; ${type} c = 2; }`;
    expect(found(check(cyclic("string"), cyclic("int32")))).toEqual([
      "problem B.c: the reader expects string, the writer writes int32: the bytes are others",
    ]);
  });
});

describe("proto2:", () => {
  test.each<readonly [string, string, readonly string[]]>([
    [
      "optional int32 a = 1;",
      "required int32 a = 1;",
      ["problem M.a: the reader requires this field, and the writer may leave it out"],
    ],
    ["", "required int32 a = 1;", ["problem M.a: the reader requires this field, and the writer does not have it"]],
    [
      "optional int32 a = 1;",
      "optional int32 a = 1 [default = 5];",
      ["note M.a: where nothing was written the reader sees 5, the writer its type's zero"],
    ],
    [
      "optional group G = 1 { optional int32 a = 1; }",
      "optional Sub g = 1;",
      [
        "note M.g: the reader",
        "problem M.g: the reader expects message Sub, the writer writes group M.G: the bytes are others",
      ],
    ],
  ])("%s → %s", (...[writer, reader, expected]) => {
    const two = (fields: string) => `syntax = "proto2"; message M { ${fields} } message Sub { optional int32 a = 1; }`;
    const lines = found(check(two(reader), two(writer)));
    for (const line of expected.filter((one) => one.startsWith("problem"))) expect(lines).toContain(line);
    expect(lines.filter((line) => line.startsWith("problem"))).toHaveLength(
      expected.filter((one) => one.startsWith("problem")).length,
    );
  });
});

describe("an enum with", () => {
  const one = (values: string, syntax: string) =>
    `syntax = "${syntax}"; message M { optional E e = 1; } enum E { ${values} }`;
  test.each<readonly [string, string, string, string, readonly string[]]>([
    ["a value more for the reader", "proto3", "A = 0;", "A = 0; B = 1;", []],
    [
      "a value more for the writer, open",
      "proto3",
      "A = 0; B = 1;",
      "A = 0;",
      ["note M.e: the reader does not know B (1) and sees its number only"],
    ],
    [
      "a value more for the writer, closed",
      "proto2",
      "A = 0; B = 1;",
      "A = 0;",
      ["problem M.e: the reader does not know B (1) and drops it, since its enum is closed"],
    ],
    [
      "a value under another number",
      "proto3",
      "A = 0; B = 1;",
      "A = 0; B = 2;",
      ["problem M.e: B is 2 to the reader and 1 to the writer"],
    ],
    [
      "a value under another name",
      "proto3",
      "A = 0; B = 1;",
      "A = 0; C = 1;",
      ["note M.e: value 1 is C to the reader and B to the writer"],
    ],
  ])("%s", (...[, syntax, writer, reader, expected]) => {
    expect(found(check(one(reader, syntax), one(writer, syntax)))).toEqual(expected);
  });
});

test("a message that the reader does not have, and a package that was renamed", () => {
  const file = (name: string, messages: string) => `syntax = "proto3"; package ${name}; ${messages}`;
  expect(found(check(file("a", "message M {}"), file("a", "message M {} message N {}")))).toEqual([
    "problem N: the reader does not have this message",
  ]);
  expect(found(check(file("b", "message M {}"), file("a", "message M {}")))).toEqual([
    "note M: the reader calls this message b.M, the writer a.M",
  ]);
});

test("a very long chain of messages and very many fields stay bounded", () => {
  const chain = (type: string) =>
    `syntax = "proto3"; ${Array.from({ length: 1900 }, (_, index) => `message M${index} { M${index + 1} next = 1; }`).join(" ")} message M1900 { ${type} a = 1; }`;
  const wide = (type: string) =>
    `syntax = "proto3"; message M { ${Array.from({ length: 1900 }, (_, index) => `${type} f${index} = ${index + 1};`).join(" ")} }`;
  const startedAt = performance.now();
  expect(check(chain("int32"), chain("string")).kind).toBe("incompatible");
  const result = check(wide("int32"), wide("string"));
  expect(result.kind === "incompatible" && result.problems.length).toBe(201);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
}, 20_000);
