// Development only: serves dist/ with made-up overviews on loopback, so that the page can be looked at without a server.
// node preview.mjs [--situation ramping] [--port 0]; `--situation live` plays a rollout that is rolled back after a minute.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { sampleOverview } from "./src/sample/sample-overview.ts";
import { SITUATIONS } from "./src/sample/situation.ts";

const { values } = parseArgs({
  options: { situation: { type: "string", default: "live" }, port: { type: "string", default: "0" } },
});
if (values.situation !== "live" && !SITUATIONS.includes(values.situation)) {
  process.stderr.write(`unknown situation "${values.situation}"; expected live, ${SITUATIONS.join(", ")}\n`);
  process.exit(2);
}

const DIST = join(import.meta.dirname, "dist");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";
const TICK_MS = 500;
const SESSIONS_UNTIL_DECISION = 90;
let sessions = 2;

function overview() {
  if (values.situation !== "live") return sampleOverview(values.situation);
  if (sessions < SESSIONS_UNTIL_DECISION) return sampleOverview("ramping", sessions);
  return sampleOverview(sessions < SESSIONS_UNTIL_DECISION + 4 ? "rollingBack" : "rolledBack");
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? "/", "http://preview").pathname;
  if (path === "/v1/overview/stream") return stream(response);
  if (path === "/v1/overview") return json(response, 200, overview());
  if (request.method === "POST") return refuse(response);
  return file(response, path === "/" ? "/index.html" : path);
});

function stream(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = () => response.write(`event: overview\ndata: ${JSON.stringify(overview())}\n\n`);
  send();
  const timer = setInterval(send, TICK_MS);
  response.on("close", () => clearInterval(timer));
}

function refuse(response) {
  const error = {
    code: "preview_only",
    message: "This is a preview with made-up data: there is no rollout to command.",
    hint: "Start a real server with perch up and open its console.",
  };
  json(response, 409, { error });
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function file(response, path) {
  const full = join(DIST, normalize(path));
  if (!existsSync(full))
    return json(response, 404, { error: { code: "not_found", message: path, hint: "npm run build first" } });
  response.writeHead(200, { "content-type": TYPES[extname(full)] ?? "text/plain", "content-security-policy": CSP });
  return createReadStream(full).pipe(response);
}

const clock = setInterval(() => (sessions += 1), TICK_MS);
server.listen(Number(values.port), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    clearInterval(clock);
    server.close();
    server.closeAllConnections();
  });
}
