import { digestOf, type Descriptor } from "@perch/domain";
import { describe, expect, test } from "vitest";
import { EMPTY_INDEX, indexBytes, parseIndexDocument, withEntry, withTag } from "./index-document.ts";

const FOREIGN = { mediaType: "text/plain", digest: digestOf("x"), size: 1, platform: { os: "linux" } };

function anEntry(text: string): Descriptor {
  return { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestOf(text), size: text.length };
}

function tagged(text: string, tag: string): Descriptor {
  return { ...anEntry(text), annotations: { "org.opencontainers.image.ref.name": tag } };
}

function parse(text: string) {
  return parseIndexDocument(new TextEncoder().encode(text));
}

describe("an OCI index", () => {
  test("keeps what other tools wrote into it, field by field", () => {
    const before = parse(JSON.stringify({ schemaVersion: 2, annotations: { theirs: "yes" }, manifests: [FOREIGN] }));
    const after = withTag(withEntry(before, anEntry("a")), "moving", tagged("b", "moving"));
    const written: unknown = JSON.parse(Buffer.from(indexBytes(after)).toString());
    expect(written).toEqual({
      schemaVersion: 2,
      annotations: { theirs: "yes" },
      manifests: [FOREIGN, anEntry("a"), tagged("b", "moving")],
    });
    expect(parseIndexDocument(indexBytes(after)).entries).toEqual(after.entries);
  });

  test("is the very same when it has the entry, or the tag, already", () => {
    const index = withTag(withEntry(EMPTY_INDEX, anEntry("a")), "moving", tagged("b", "moving"));
    expect(withEntry(index, anEntry("a"))).toBe(index);
    expect(withTag(index, "moving", tagged("b", "moving"))).toBe(index);
  });

  test("gives a tag to one manifest at a time and leaves other tags alone", () => {
    let index = withTag(EMPTY_INDEX, "other", tagged("a", "other"));
    for (const text of ["b", "c"]) index = withTag(index, "moving", tagged(text, "moving"));
    expect(index.entries).toEqual([tagged("a", "other"), tagged("c", "moving")]);
  });

  test.each(["", "{", "null", "[]", '{"schemaVersion":2}', '{"schemaVersion":2,"manifests":[{"digest":"x"}]}', "\xff"])(
    "that says %j is refused",
    (text) => {
      expect(() => parseIndexDocument(Buffer.from(text, "latin1"))).toThrow(
        expect.objectContaining({ code: "layout_invalid" }),
      );
    },
  );

  test.each([
    ["nested too deeply to be written again", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["with a number that would be written again as another one", "9007199254740993"],
  ])("%s is refused, not crashed on", (_, theirs) => {
    expect(() => parse(`{"schemaVersion":2,"manifests":[],"theirs":${theirs}}`)).toThrow(
      expect.objectContaining({ code: "layout_invalid" }),
    );
  });
});
