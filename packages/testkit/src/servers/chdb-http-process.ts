// `node chdb-http-process.ts DIRECTORY PORT USER PASSWORD`: see clickhouse-http.ts. Prints its port when it is ready.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";

type Asked = {
  readonly query: string;
  /** Rows of an insert. */
  readonly body: Buffer;
  readonly database: string | null;
  /** By name, in the text form in which the protocol sends them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly format: string;
};

const [directory = "", port = "0", user = "", password = ""] = process.argv.slice(2);
/** Parameters of the protocol that are no settings of the engine, and settings that only a server has. */
const NOT_SETTINGS = new Set(["query", "query_id", "database", "default_format", "session_id", "wait_end_of_query"]);
const CONNECTIONS = 4;

const idle = Array.from({ length: CONNECTIONS }, () => new Session(directory));
const waiting: ((session: Session) => void)[] = [];

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    const code = /Code: (\d+)/.exec(text)?.[1] ?? "1002";
    response.writeHead(code === "516" ? 403 : code === "81" ? 404 : 500, { "x-clickhouse-exception-code": code });
    response.end(text);
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/ping") return void response.end("Ok.\n");
  if (request.headers.authorization !== `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`) {
    throw new Error(
      `Code: 516. DB::Exception: ${user}: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)`,
    );
  }
  const asked = await readAsked(request, url.searchParams);
  const result = await withSession((session) => run(session, asked));
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(result);
}

async function readAsked(request: IncomingMessage, search: URLSearchParams): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const content = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  const fields = new Map(search);
  let body: Buffer = Buffer.alloc(0);
  if (type.startsWith("multipart/form-data")) {
    const form = await new Response(content, { headers: { "content-type": type } }).formData();
    for (const [name, value] of form) fields.set(name, typeof value === "string" ? value : await value.text());
  } else body = content;
  const named = fields.get("query");
  const entries = [...fields];
  return {
    query: named ?? body.toString(),
    body: named === undefined ? Buffer.alloc(0) : body,
    database: fields.get("database") ?? null,
    parameters: new Map(entries.flatMap(([name, value]) => (name.startsWith("param_") ? [[name, value]] : []))),
    settings: new Map(entries.filter(([name]) => !name.startsWith("param_") && !NOT_SETTINGS.has(name))),
    format: fields.get("default_format") ?? "TabSeparated",
  };
}

async function withSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const session = idle.pop() ?? (await new Promise<Session>((resolve) => waiting.push(resolve)));
  try {
    return await use(session);
  } finally {
    const next = waiting.shift();
    if (next === undefined) idle.push(session);
    else next(session);
  }
}

async function run(
  session: Session,
  { query, body, database, parameters, settings, format }: Asked,
): Promise<Uint8Array> {
  await session.queryAsync(`USE \`${database ?? "default"}\``);
  const values = [...parameters, ...settings].map(([name, value]) => `SET ${name} = '${quoted(value)}'`);
  for (const statement of values) await session.queryAsync(statement);
  if (query.endsWith(" FORMAT Native")) return await fromFile(session, query, body);
  const result = await session.queryAsync(body.length === 0 ? query : `${query}\n${body.toString()}`, { format });
  return result.bytes();
}

/** Rows in binary cannot stand behind the statement. */
async function fromFile(session: Session, query: string, body: Buffer): Promise<Uint8Array> {
  const file = join(tmpdir(), `perch-rows-${randomUUID()}`);
  try {
    await writeFile(file, body);
    const result = await session.queryAsync(query.replace(/ FORMAT Native$/, ` FROM INFILE '${file}' FORMAT Native`));
    return result.bytes();
  } finally {
    await rm(file, { force: true });
  }
}

function quoted(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
