import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createConsoleRoutes } from "./console-routes.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "perch-console-"));
  mkdirSync(join(root, "dist", "assets"), { recursive: true });
  writeFileSync(join(root, "secret.json"), "{}");
  writeFileSync(join(root, "dist", "index.html"), "<h1>console</h1>");
  writeFileSync(join(root, "dist", "assets", "app-1a2b.js"), "run()");
});
afterAll(() => rmSync(root, { recursive: true }));

const ask = (path: string) => createConsoleRoutes(join(root, "dist")).request(path);

test("every address that is no file is answered by the console, which knows its own pages", async () => {
  for (const path of ["/", "/rollouts/support-2-3-1"]) {
    const answer = await ask(path);
    expect([answer.status, await answer.text()]).toEqual([200, "<h1>console</h1>"]);
  }
});

test("built files are served with their type and may be kept for ever", async () => {
  const answer = await ask("/assets/app-1a2b.js");
  expect(answer.headers.get("content-type")).toContain("text/javascript");
  expect(answer.headers.get("cache-control")).toContain("immutable");
});

test("nothing outside the console's directory is served, however the address is written", async () => {
  for (const path of ["/../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json", "/assets/missing.js"]) {
    expect((await ask(path)).status).toBe(404);
  }
});

test("a console that is not built is answered by what to do about it", async () => {
  const answer = await createConsoleRoutes(join(root, "nowhere")).request("/");
  expect(await answer.text()).toContain("npm run build -w @perch/console");
});
