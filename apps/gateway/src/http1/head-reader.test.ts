import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE_ANSWERS } from "../it/__fixtures__/hostile-answers.ts";
import { createHeadReader, type HeadReader, type ReadHead } from "./head-reader.ts";
import { createLlhttp } from "./llhttp.ts";

const llhttp = createLlhttp();
const limits = { maxBytes: 1000, maxLineBytes: 500, maxFields: 20 };
const ok = "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 2\r\n\r\n";

function reader(remembers: boolean): HeadReader {
  return createHeadReader(llhttp, { kind: "response", limits, remembers });
}

/** What a reader says to each chunk, up to what ends the connection. */
function said(heads: HeadReader, chunks: readonly string[]): readonly ReadHead[] {
  const all: ReadHead[] = [];
  for (const chunk of chunks) {
    const read = heads.read(Buffer.from(chunk, "latin1"));
    all.push(read);
    if (read.kind === "malformed" || read.kind === "tooLarge") break;
  }
  heads.close();
  return all;
}

describe("a reader that remembers the head before", () => {
  test("gives the same object for the same bytes, with what stands behind them", () => {
    const [first, second] = said(reader(true), [`${ok}ab`, `${ok}cd`]);
    expect(first).toMatchObject({ kind: "head", rest: Buffer.from("ab") });
    expect(second).toMatchObject({ kind: "head", rest: Buffer.from("cd") });
    expect(second?.kind === "head" && first?.kind === "head" && second.head === first.head).toBe(true);
  });

  test("never reads anything else than one that does not, in whatever pieces it comes", () => {
    const other = ok.replace("a", "b");
    const piece = fc.constantFrom(ok, other, `${ok}ab`, ok.slice(0, 20), ok.slice(20), `${ok}${other}`, "\r\n", "x");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (chunks) => {
        expect(said(reader(true), chunks)).toEqual(said(reader(false), chunks));
      }),
    );
  });

  test.each(HOSTILE_ANSWERS)("is not deceived by $name behind a good answer", ({ bytes }) => {
    for (const chunks of [[ok, bytes], [ok, ok, bytes], [bytes, bytes], [ok + bytes]]) {
      expect(said(reader(true), chunks)).toEqual(said(reader(false), chunks));
    }
  });
});

test("names that were said before are the same strings, values and other names are read anew", () => {
  const heads = reader(false);
  const [first, second, third] = said(heads, [ok, ok.replace("a", "c"), ok.replace("Server", "Cookie")]);
  expect(first).toMatchObject({ head: { fields: { keys: ["server", "content-length"], values: ["a", "2"] } } });
  expect(second).toMatchObject({ head: { fields: { keys: ["server", "content-length"], values: ["c", "2"] } } });
  expect(third).toMatchObject({
    head: { fields: { names: ["Cookie", "Content-Length"], keys: ["cookie", "content-length"] } },
  });
});
