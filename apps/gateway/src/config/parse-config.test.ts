import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseGatewayId } from "@perch/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GatewayError } from "../gateway-error.ts";
import { claimIdentity } from "./claim-identity.ts";
import { parseCommand } from "./parse-config.ts";

describe("the gateway's flags", () => {
  test("have defaults for a laptop", () => {
    expect(parseCommand([], {})).toEqual({
      kind: "run",
      config: {
        serverUrls: ["http://127.0.0.1:4600"],
        directory: resolve(".perch/gateway"),
        host: "127.0.0.1",
        port: 4700,
        id: null,
        upstreamTimeoutMs: 120_000,
        pins: null,
        pinSecret: { kind: "own" },
        adminToken: { kind: "none" },
        tracing: null,
        maxConcurrent: null,
        drainMs: 3_600_000,
        sharesPort: false,
        workers: 1,
      },
    });
  });

  test("win over the environment, which wins over the defaults", () => {
    const env = { PERCH_SERVER: "https://perch.example/base/", PERCH_GATEWAY_PORT: "1", PERCH_DATA: "/d" };
    expect(parseCommand(["--port", "2", "--id", "gw"], env)).toMatchObject({
      config: { serverUrls: ["https://perch.example/base"], port: 2, directory: "/d/gateway", id: "gw" },
    });
  });

  test("name one server or several, each once", () => {
    expect(parseCommand(["--server", "http://a:1, http://b:1/x/,http://a:1"], {})).toMatchObject({
      config: { serverUrls: ["http://a:1", "http://b:1/x"] },
    });
  });

  test("choose a pin store and what signs pins; the password may come from the environment, and is never told", () => {
    const env = { PERCH_PINS: "redis://h:1/2", PERCH_PINS_PASSWORD: "s3cret", PERCH_PIN_SECRET: "text" };
    expect(parseCommand([], env)).toMatchObject({
      config: {
        pins: { host: "h", port: 1, database: 2, password: "s3cret" },
        pinSecret: { kind: "text", text: "text" },
      },
    });
    expect(parseCommand(["--pin-secret-file", "/s"], env)).toMatchObject({
      config: { pinSecret: { kind: "file", path: "/s" } },
    });
    const wrong = (): unknown => parseCommand(["--pins", "mysql://u:s3cret@h"], {});
    expect(wrong).toThrow("--pins");
    expect(wrong).not.toThrow("s3cret");
  });

  test("are listed on request", () => {
    expect(parseCommand(["--help"], {})).toEqual({ kind: "help" });
  });

  test.each([
    ["--port", ""],
    ["--port", "1.5"],
    ["--server", "ftp://x"],
    ["--server", ""],
    ["--server", "http://a,b"],
    ["--id", "-"],
    ["--what", "x"],
  ])("%s %j is refused", (flag, value) => {
    expect(() => parseCommand([flag, value], {})).toThrow(GatewayError);
  });
});

describe("the gateway's name", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "perch-names-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test("is kept over a restart, and a second process of the directory gets another one", () => {
    const first = claimIdentity(directory, null);
    const second = claimIdentity(directory, null);
    expect(second.id).not.toBe(first.id);
    first.release();
    const again = claimIdentity(directory, null);
    expect(again.id).toBe(first.id);
    second.release();
    again.release();
  });

  test("that was asked for is refused while another process has it", () => {
    const wish = parseGatewayId("edge-1");
    const first = claimIdentity(directory, wish);
    expect(() => claimIdentity(directory, wish)).toThrow(expect.objectContaining({ code: "gateway_id_in_use" }));
    first.release();
    claimIdentity(directory, wish).release();
  });
});
