import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { Hono } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

const NOT_BUILT = `<!doctype html>
<meta charset="utf-8">
<title>Perch</title>
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>The server runs, the console is not built</h1>
<p>Build it with <code>npm run build -w @perch/console</code> and load this page again.</p>
<p>The API answers meanwhile: <a href="/v1/overview">/v1/overview</a>.</p>
`;

/** The console's static files; any other page address answers the console itself, which knows its own pages. */
export function createConsoleRoutes(directory: string): Hono {
  const routes = new Hono();
  routes.get("*", async (context, next) => {
    const { path } = context.req;
    if (path.startsWith("/v1/") || path === "/healthz") return next();
    if (!existsSync(join(directory, "index.html"))) return context.html(NOT_BUILT);
    const file = await readAsset(directory, path);
    if (file !== null) {
      // What the build puts there carries a digest in its name.
      const isForever = path.startsWith("/assets/");
      return context.body(file.bytes, 200, {
        "content-type": file.type,
        "cache-control": isForever ? "public, max-age=31536000, immutable" : "no-cache",
      });
    }
    if (extname(path) !== "") return next();
    return context.html(await readFile(join(directory, "index.html"), "utf8"));
  });
  return routes;
}

async function readAsset(
  directory: string,
  path: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string } | null> {
  const type = TYPES[extname(path)];
  const file = normalize(join(directory, decoded(path)));
  if (type === undefined || !file.startsWith(directory + sep)) return null;
  try {
    return { bytes: new Uint8Array(await readFile(file)), type };
  } catch {
    return null;
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
