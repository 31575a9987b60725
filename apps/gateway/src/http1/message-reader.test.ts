import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Fields } from "./fields.ts";
import type { Framing } from "./framing.ts";
import type { ReadHead } from "./head-reader.ts";
import { createLlhttp } from "./llhttp.ts";
import { createMessageReader, type MessageReader } from "./message-reader.ts";
import { parseRequest } from "./parse-request.ts";

const llhttp = createLlhttp();
const limits = { maxBytes: 1000, maxLineBytes: 500, maxFields: 20 };

function reader(): MessageReader {
  return createMessageReader(llhttp, { kind: "request", limits, remembers: false, refusesExtensions: true });
}

type Read = { readonly target: string; readonly fields: string; body: string; trailers: string };

/** Everything that comes out of a connection's bytes when they arrive in these pieces. */
function readAll(bytes: Buffer, cuts: readonly number[]): readonly Read[] {
  const messages = reader();
  const found: Read[] = [];
  let current: Read | null = null;

  function step(chunk: Buffer): Buffer | null {
    if (current === null) {
      const read = messages.readHead(chunk);
      if (read.kind === "partial") return null;
      current = begun(messages, read);
      return read.kind === "head" ? read.rest : null;
    }
    const read = messages.readBody(chunk);
    if (read.kind === "malformed") throw new Error(read.reason);
    current.body += read.pieces.join("");
    if (read.kind === "partial") return null;
    found.push({ ...current, trailers: told(read.trailers) });
    current = null;
    return read.rest.byteLength > 0 ? read.rest : null;
  }

  const places = [...new Set(cuts.map((cut) => cut % bytes.byteLength))].toSorted((a, b) => a - b);
  const edges = [0, ...places, bytes.byteLength];
  for (let index = 1; index < edges.length; index += 1) {
    let rest: Buffer | null = bytes.subarray(edges[index - 1], edges[index]);
    while (rest !== null) rest = step(rest);
  }
  messages.close();
  return found;
}

function begun(messages: MessageReader, read: ReadHead): Read {
  if (read.kind !== "head") throw new Error(`found ${read.kind}`);
  const parsed = parseRequest(read.head);
  if (parsed.kind === "refused") throw new Error(parsed.refusal.message);
  messages.beginBody(parsed.request.framing);
  return { target: parsed.request.path, fields: told(parsed.request.fields), body: "", trailers: "" };
}

function told({ names, values }: Fields): string {
  return names.map((name, at) => `${name}=${values[at]}`).join();
}

const PIPELINE = Buffer.from(
  "GET /one HTTP/1.1\r\nHost: a\r\nEmpty:\r\nX-Space:  b c \t \r\n\r\n" +
    "POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
    "\r\nPOST /three HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na;b\r\nA\r\n0123456789\r\n000\r\nX-Sum: 1; 2\r\nX-More:\r\n\r\n" +
    "POST /four HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" +
    "GET /five HTTP/1.1\r\nHost: a\r\n\r\n",
);

test("requests are the same ones in whatever pieces they arrive", () => {
  const whole = readAll(PIPELINE, []);
  expect(whole).toEqual([
    { target: "/one", fields: "Host=a,Empty=,X-Space=b c", body: "", trailers: "" },
    { target: "/two", fields: "Host=a,Content-Length=5", body: "hello", trailers: "" },
    {
      target: "/three",
      fields: "Host=a,Transfer-Encoding=chunked",
      body: "a;b0123456789",
      trailers: "X-Sum=1; 2,X-More=",
    },
    {
      target: "/four",
      fields: "Host=a,Connection=Upgrade,Upgrade=h2c,Transfer-Encoding=chunked",
      body: "ok",
      trailers: "",
    },
    { target: "/five", fields: "Host=a", body: "", trailers: "" },
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: PIPELINE.byteLength - 1 }), { maxLength: 40 }), (cuts) => {
      expect(readAll(PIPELINE, cuts)).toEqual(whole);
    }),
  );
  expect(readAll(PIPELINE, [...PIPELINE.keys()])).toEqual(whole);
});

test("whatever bytes come, a reader finds a request, waits, or refuses, and keeps no more than its limit", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom("GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n", "\n", ":", " ", "Transfer-Encoding: chunked\r\n")
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const messages = reader();
      let waiting = 0;
      for (const bytes of pieces) {
        const read = messages.readHead(bytes);
        if (read.kind !== "partial") break;
        waiting += bytes.byteLength;
        expect(waiting).toBeLessThanOrEqual(limits.maxBytes);
      }
      messages.close();
    }),
  );
});

test("a body is complete after exactly its length, and what follows is left alone", () => {
  const framing: Framing = { kind: "fixed", bytes: 3 };
  const messages = reader();
  messages.beginBody(framing);
  expect(messages.readBody(Buffer.from("a"))).toMatchObject({ kind: "partial" });
  const read = messages.readBody(Buffer.from("bcdef"));
  expect(read.kind === "end" && [String(read.pieces), String(read.rest)]).toEqual(["bc", "def"]);
  messages.close();
});

test("trailers without an end are not kept for ever", () => {
  const messages = reader();
  messages.beginBody({ kind: "chunked" });
  messages.readBody(Buffer.from("0\r\n"));
  let kind = "";
  for (let round = 0; round < 1000 && kind !== "malformed"; round += 1) {
    ({ kind } = messages.readBody(Buffer.from(`X-${round}: ${"a".repeat(100)}\r\n`)));
  }
  expect(kind).toBe("malformed");
  messages.close();
});
