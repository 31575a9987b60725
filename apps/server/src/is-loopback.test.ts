import { expect, test } from "vitest";
import { isLoopback } from "./is-loopback.ts";

test.each(["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])("%s is this machine only", (hostname) => {
  expect(isLoopback(hostname)).toBe(true);
});

test.each(["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "127.0.0.1.example", "perch.internal", ""])(
  "%j may be reached by others",
  (hostname) => {
    expect(isLoopback(hostname)).toBe(false);
  },
);
