import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAdminToken } from "../config/read-admin-token.ts";
import { createAdminAccess } from "./admin-access.ts";

const TOKEN = "0123456789abcdef";
const withHeader = (value: string) => ({ names: ["Authorization"], keys: ["authorization"], values: [value] });
const none = { names: [], keys: [], values: [] };

test.each([
  ["127.0.0.1", null],
  ["::1", null],
  ["::ffff:127.0.0.1", null],
  ["10.0.0.1", "local_only"],
  ["1.127.0.0", "local_only"],
])("without a token %s may see the pages, or is told why not", (address, code) => {
  expect(createAdminAccess(null)(none, address)?.code ?? null).toBe(code);
});

test.each([
  [`Bearer ${TOKEN}`, null],
  [`bearer  ${TOKEN}`, null],
  [`Bearer ${TOKEN}x`, "token_required"],
  [`Basic ${TOKEN}`, "token_required"],
  ["", "token_required"],
])("with a token another machine may see the pages with %j as with nothing else", (value, code) => {
  expect(createAdminAccess(TOKEN)(withHeader(value), "10.0.0.1")?.code ?? null).toBe(code);
});

test("a token is one long word from a file or the environment, and is never told", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "perch-token-"));
  const path = join(directory.path, "token");
  writeFileSync(path, `${TOKEN}\n`);
  expect(readAdminToken({ kind: "file", path })).toBe(TOKEN);
  expect(readAdminToken({ kind: "none" })).toBe(null);
  const short = (): unknown => readAdminToken({ kind: "text", text: "secret" });
  expect(short).toThrow("found 6 characters in PERCH_ADMIN_TOKEN");
  expect(short).not.toThrow("secret");
  expect(() => readAdminToken({ kind: "file", path: `${path}-not` })).toThrow("cannot read");
});
