import { expect, test } from "vitest";
import { resolveUrl } from "./resolve-url.ts";

test.each([
  ["/v2/x?a=b%2Fc", "https://r.example/v2/x?a=b%2Fc"],
  ["?page=2", "https://r.example/v2/list?page=2"],
  ["https://blobs.example/x", "https://blobs.example/x"],
])("%s leads on", (text, expected) => {
  expect(resolveUrl(text, "https://r.example/v2/list")).toBe(expected);
});

test("https is never left for http", () => {
  expect(() => resolveUrl("http://r.example/x", "https://r.example/v2/")).toThrow(/from https to http at r\.example/);
  expect(resolveUrl("http://r.example/x", "http://127.0.0.1/v2/")).toBe("http://r.example/x");
});

test.each(["file:///etc/passwd", "https://u:p@r.example/", "https://[", "data:text/plain,x", "ws://r.example/"])(
  "%s leads nowhere",
  (text) => {
    expect(() => resolveUrl(text, "https://r.example/")).toThrow(/to no address of HTTP/);
  },
);
