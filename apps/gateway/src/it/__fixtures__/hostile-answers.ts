/**
 * Answers of agents that must not be passed on as they are. `becomes` is what the client gets: 502, or the beginning of an
 * answer that is cut off, or the answer without what came behind it. In each case the connection is never used again.
 */
export type HostileAnswer = {
  readonly name: string;
  readonly bytes: string;
  readonly becomes: "502" | "cut" | "answered";
};

const ok = (fields: string, body = ""): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const SECOND = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned";

export const HOSTILE_ANSWERS: readonly HostileAnswer[] = [
  { name: "both lengths", bytes: ok("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n"), becomes: "502" },
  { name: "two content-lengths", bytes: ok("Content-Length: 2\r\nContent-Length: 3\r\n", "ok"), becomes: "502" },
  { name: "a list of content-lengths", bytes: ok("Content-Length: 2, 2\r\n", "ok"), becomes: "502" },
  { name: "a content-length that is no number", bytes: ok("Content-Length: two\r\n", "ok"), becomes: "502" },
  { name: "gzip, chunked", bytes: ok("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), becomes: "502" },
  { name: "a coding that is not chunked", bytes: ok("Transfer-Encoding: identity\r\n", "ok"), becomes: "502" },
  { name: "chunked in HTTP/1.0", bytes: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", becomes: "502" },
  { name: "bare LF", bytes: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", becomes: "502" },
  { name: "a folded line", bytes: ok("A: b\r\n c\r\nContent-Length: 2\r\n", "ok"), becomes: "502" },
  { name: "a NUL in a value", bytes: ok("A: b\0c\r\nContent-Length: 2\r\n", "ok"), becomes: "502" },
  { name: "a space before a colon", bytes: ok("Content-Length : 2\r\n", "ok"), becomes: "502" },
  { name: "a control byte in the reason", bytes: "HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok", becomes: "502" },
  { name: "a status of two digits", bytes: "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", becomes: "502" },
  { name: "a status below 100", bytes: "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok", becomes: "502" },
  { name: "HTTP/2.0", bytes: "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", becomes: "502" },
  { name: "no HTTP at all", bytes: "220 mail.example ESMTP\r\n", becomes: "502" },
  { name: "a head that is too long", bytes: ok(`A: ${"b".repeat(80_000)}\r\nContent-Length: 2\r\n`, "ok"), becomes: "502" },
  { name: "too many fields", bytes: ok(`${"A: b\r\n".repeat(600)}Content-Length: 2\r\n`, "ok"), becomes: "502" },
  { name: "101 to a request that asked for nothing", bytes: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", becomes: "502" },
  { name: "a chunk size that overflows", bytes: ok("Transfer-Encoding: chunked\r\n", "2\r\nok\r\nfffffffffffffffff\r\n"), becomes: "cut" },
  { name: "a chunk that is longer than its size", bytes: ok("Transfer-Encoding: chunked\r\n", "2\r\nok!\r\n0\r\n\r\n"), becomes: "cut" },
  { name: "a chunk that ends in a bare LF", bytes: ok("Transfer-Encoding: chunked\r\n", "2\r\nok\n0\r\n\r\n"), becomes: "cut" },
  { name: "a second answer behind the first", bytes: ok("Content-Length: 2\r\n", `ok${SECOND}`), becomes: "answered" },
  { name: "a second answer behind the last chunk", bytes: ok("Transfer-Encoding: chunked\r\n", `2\r\nok\r\n0\r\n\r\n${SECOND}`), becomes: "answered" },
];
