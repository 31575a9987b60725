import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { listMcpTools } from "./list-mcp-tools.ts";
import { readOpenApi } from "./read-openapi.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

async function listen(answer: Answer): Promise<string> {
  const server = createServer((request, response) => void answer(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

describe("an MCP server over HTTP", () => {
  const list = (target: string, headers: Record<string, string> = {}, timeoutMs = 10_000) =>
    listMcpTools({ target, headers, timeoutMs });

  function aServer(): McpServer {
    const server = new McpServer({ name: "shop", version: "1.0.0" }, { capabilities: { tools: {} } });
    const config = {
      description: "Reads.",
      inputSchema: z.object({ path: z.string() }),
      annotations: { readOnlyHint: true },
    };
    server.registerTool("files.read", config, () => ({ content: [] }));
    return server;
  }

  async function serveMcp({ token = "", legacy }: { token?: string; legacy?: "reject" } = {}): Promise<string> {
    const handler = createMcpHandler(aServer, legacy === undefined ? {} : { legacy });
    return listen((request, response) => {
      if (token !== "" && request.headers.authorization !== `Bearer ${token}`) {
        response.writeHead(401, { "www-authenticate": "Bearer" }).end();
        return;
      }
      void answerWith(handler.fetch, request, response);
    });
  }

  test.each([
    ["any generation of the protocol", {}],
    ["only the latest", { legacy: "reject" as const }],
  ])("gives its tools when it speaks %s", async (_, generation) => {
    const [tool] = await list(`${await serveMcp(generation)}/mcp`);
    expect(tool).toMatchObject({
      name: "files.read",
      description: "Reads.",
      inputSchema: { type: "object", properties: { path: { type: "string" } } },
      annotations: { readOnlyHint: true },
    });
  });

  test("gets the header that it asks for, and without it the failure says what to give", async () => {
    const url = await serveMcp({ token: "t-123456" });
    expect(await list(url, { Authorization: "Bearer t-123456" })).toHaveLength(1);
    await expect(list(url)).rejects.toMatchObject({
      code: "request_refused",
      hint: expect.stringContaining("--mcp-header"),
    });
    const error: unknown = await list(url, { Authorization: "Bearer t-654321" }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "request_refused" });
    expect(String(error)).not.toContain("t-654321");
  });

  test("does not get its header sent on to another host", async () => {
    const seen: (string | undefined)[] = [];
    const other = await listen((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const url = await listen((_, response) => void response.writeHead(307, { location: other }).end());
    await expect(list(url, { Authorization: "Bearer t" })).rejects.toMatchObject({ code: "server_unreachable" });
    expect(seen).toEqual([]);
  });

  test("may answer in pages, and not without end", async () => {
    const pages = await servePages((cursor) => (cursor < 3 ? String(cursor + 1) : undefined));
    expect(await list(pages)).toMatchObject([{ name: "t0" }, { name: "t1" }, { name: "t2" }, { name: "t3" }]);
    const endless = await servePages((cursor) => String(cursor + 1));
    await expect(list(endless)).rejects.toMatchObject({ code: "server_unreachable" });
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["nothing at all", () => {}],
    ["with a page of HTML", (response) => void response.setHeader("content-type", "text/html").end("<p>Hello</p>")],
    [
      "with JSON that is no answer",
      (response) => void response.setHeader("content-type", "application/json").end("[1]"),
    ],
    ["that it is broken", (response) => void response.writeHead(500).end("oops")],
  ])("that answers %s is refused in time", async (_, answer) => {
    const url = await listen((__, response) => answer(response));
    await expect(list(url, {}, 1_500)).rejects.toMatchObject({ code: "server_unreachable" });
  });
});

describe("an MCP server that a command starts", () => {
  let scratch = "";
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "perch-mcp-"));
    const from = (name: string) => JSON.stringify(import.meta.resolve(name));
    await writeFile(
      join(scratch, "server.mjs"),
      `import { appendFileSync } from "node:fs";
       import { McpServer } from ${from("@modelcontextprotocol/server")};
       import { serveStdio } from ${from("@modelcontextprotocol/server/stdio")};
       appendFileSync(${JSON.stringify(join(scratch, "started"))}, process.pid + "\\n");
       process.stderr.write("starting with " + process.argv[2] + "\\n");
       if (process.argv[2] === "crash") process.exit(3);
       if (process.argv[2] === "hang") setInterval(() => {}, 1000);
       else serveStdio(() => {
         const server = new McpServer({ name: "s", version: "1.0.0" }, { capabilities: { tools: {} } });
         server.registerTool("ping", { description: process.env.PING_WORD ?? "" }, () => ({ content: [] }));
         return server;
       });`,
    );
  });
  afterAll(async () => rm(scratch, { recursive: true, force: true }));

  const list = (word: string, timeoutMs = 15_000) =>
    listMcpTools({ target: `"${process.execPath}" "${join(scratch, "server.mjs")}" ${word}`, headers: {}, timeoutMs });

  test("gives its tools, and finds the environment of a shell", async () => {
    process.env["PING_WORD"] = "Pongs.";
    expect(await list("normally")).toMatchObject([{ name: "ping", description: "Pongs." }]);
  });

  test.each([
    ["crash", "starting with crash", 15_000],
    ["hang", "did not answer in time", 2_000],
  ])("that does not (%s) is refused with its last words", async (word, words, timeoutMs) => {
    await expect(list(word, timeoutMs)).rejects.toMatchObject({
      code: "server_unreachable",
      message: expect.stringContaining(words),
    });
  });

  test("is gone afterwards, however often it was started", async () => {
    await expect(list("hang", 1_000)).rejects.toThrow();
    const started = (await readFile(join(scratch, "started"), "utf8")).trimEnd().split("\n").map(Number);
    expect(started).not.toEqual([]);
    expect(started.filter(isRunning)).toEqual([]);
  });

  test("and that there is no such program is said", async () => {
    const missing = listMcpTools({ target: "perch-no-such-program x", headers: {}, timeoutMs: 5_000 });
    await expect(missing).rejects.toMatchObject({ message: expect.stringContaining("ENOENT") });
  });
});

describe("an OpenAPI document over HTTP", () => {
  test("is read with what it refers to on its own host, and nothing else", async () => {
    const other = await listen((_, response) => void response.end("{}"));
    const pages: Record<string, string> = {
      "/api/openapi.json": JSON.stringify({ a: { $ref: "../b.yaml#/x" }, c: { $ref: `${other}/c.json` } }),
      "/b.yaml": "x: { $ref: 'gone.json' }\n",
    };
    const url = await listen((request, response) => {
      const page = pages[request.url ?? ""];
      response.writeHead(page === undefined ? 404 : 200).end(page);
    });
    const { documents, refused } = await readOpenApi(`${url}/api/openapi.json#ignored`);
    expect([...documents.keys()]).toEqual([`${url}/api/openapi.json`, `${url}/b.yaml`]);
    expect(Object.fromEntries(refused)).toEqual({
      [`${other}/c.json`]: expect.stringContaining("the same host"),
      [`${url}/gone.json`]: expect.stringContaining("status 404"),
    });
  });

  test("that has moved is refused: its new place may be anywhere", async () => {
    const url = await listen((_, response) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end());
    await expect(readOpenApi(url)).rejects.toMatchObject({ message: expect.stringContaining("status 302") });
  });
});

type Fetch = (request: Request) => Promise<Response>;

async function answerWith(fetch: Fetch, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const { method = "GET", url = "/", headers } = request;
  const body = method === "POST" ? { body: Buffer.concat(chunks) } : {};
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  const answer = await fetch(
    new Request(`http://127.0.0.1${url}`, { method, headers: new Headers(Object.fromEntries(entries)), ...body }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** A server of the protocol's older generation, written by hand, that gives one tool per page. */
function servePages(next: (cursor: number) => string | undefined): Promise<string> {
  return listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const message: unknown = request.method === "POST" ? JSON.parse(text) : null;
    const call = z.looseObject({ id: z.union([z.number(), z.string()]), method: z.string() }).safeParse(message);
    if (!call.success) return void response.writeHead(request.method === "POST" ? 202 : 405).end();
    const { id, method } = call.data;
    const answer = (result: unknown) =>
      void response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ jsonrpc: "2.0", id, ...Object(result) }));
    if (method === "initialize") {
      const serverInfo = { name: "pages", version: "1" };
      return answer({ result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo } });
    }
    if (method !== "tools/list") return answer({ error: { code: -32601, message: "Method not found" } });
    const cursor = Number(/"cursor":"(\d+)"/.exec(text)?.[1] ?? 0);
    return answer({
      result: { tools: [{ name: `t${cursor}`, inputSchema: { type: "object" } }], nextCursor: next(cursor) },
    });
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
