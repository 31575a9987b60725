import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findInJson, replaceInJson } from "./find-in-json.ts";

const absent = { kind: "absent" };

describe("finding an id in a JSON text", () => {
  test.each([
    ['{"session":"a-1"}', "/session", "a-1"],
    [' { "a" : [1, {"b": "x"}, "y"], "id" : "q" } ', "/id", "q"],
    ['{"a":[1,{"b":"x"},"y"]}', "/a/1/b", "x"],
    ['{"a/b":{"m~n":"deep"}}', "/a~1b/m~0n", "deep"],
    ['{"na\\u006de":"escaped \\"quotes\\""}', "/name", 'escaped "quotes"'],
    ['{"id":12345}', "/id", "12345"],
    ['{"text":"}]\\\\","id":"after tricky text"}', "/id", "after tricky text"],
    ['{"id":"first","id":"second"}', "/id", "first"],
  ])("%s at %s is %s", (json, pointer, value) => {
    expect(findInJson(json, pointer)).toEqual({ kind: "found", value });
  });

  test.each([
    ["not json", "/id"],
    ["", "/id"],
    ["[]", "/0"],
    ['["a"]', "/1"],
    ['["a"]', "/-"],
    ['{"id":null}', "/id"],
    ['{"id":""}', "/id"],
    ['{"id":"cut o', "/id"],
    ['{"id":123', "/id"],
    ['{"a":{"id":"inner"}}', "/id"],
    ['{"id" "x"}', "/id"],
    ['{"a":,"id":"x"}', "/id"],
  ])("nothing is found in %s at %s", (json, pointer) => {
    expect(findInJson(json, pointer)).toEqual(absent);
  });

  test.each(["true", '{"x":1}', "1.5", '["a"]'])("%s is told apart from nothing, as no id at all", (value) => {
    expect(findInJson(`{"id":${value}}`, "/id")).toEqual({ kind: "unusable", found: value });
  });

  test("an id that stands before the cut is found, however the text goes on", () => {
    const whole = '{"id":"s-1","messages":[{"text":"a long history"}]}';
    for (let length = '{"id":"s-1"'.length; length <= whole.length; length += 1) {
      expect(findInJson(whole.slice(0, length), "/id")).toEqual({ kind: "found", value: "s-1" });
    }
  });

  test("always agrees with a real JSON parser about a member of any object", () => {
    const name = fc.string().filter((text) => text !== "__proto__");
    const object = fc.dictionary(name, fc.jsonValue());
    fc.assert(
      fc.property(object, fc.tuple(name, fc.string({ minLength: 1 })), fc.nat({ max: 2 }), (others, member, indent) => {
        const [key, value] = member;
        const json = JSON.stringify({ ...others, [key]: value }, null, indent);
        const pointer = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        expect(findInJson(json, pointer)).toEqual({ kind: "found", value });
      }),
    );
  });

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, pointer) => {
        findInJson(text, pointer);
        findInJson(`{"a":${text}`, `/a/${pointer}`);
      }),
    );
  });
});

test("a value is replaced where it is found, and nothing else changes by a byte", () => {
  const json = '{ "n": 1.50e1, "a": {"x": "old" , "x": "old"}, "list": [ {}, "old" ] }';
  expect(replaceInJson(json, "/a/x", 'n"w')).toBe(
    '{ "n": 1.50e1, "a": {"x": "n\\"w" , "x": "old"}, "list": [ {}, "old" ] }',
  );
  expect(replaceInJson(json, "/list/1", "new")).toBe(json.replace('"old" ]', '"new" ]'));
  expect(replaceInJson(json, "/b", "new")).toBe(json);
});

test("always finds there what was put in the place of something, and leaves JSON that parses", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), fc.string({ minLength: 1 }), (value, name, id) => {
      const pointer = `/a/1/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const json = JSON.stringify({ z: value, a: [value, { [name]: "old" }], b: value }, null, 1);
      const replaced = replaceInJson(json, pointer, id);
      expect(findInJson(replaced, pointer)).toEqual({ kind: "found", value: id });
      expect(JSON.parse(replaced)).toEqual({ ...JSON.parse(json), a: [JSON.parse(json).a[0], { [name]: id }] });
    }),
  );
});
