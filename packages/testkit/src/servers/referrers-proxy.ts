import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { startHttpServer, type HttpServer, type ReceivedRequest } from "./http-server.ts";

const PAGE = 2;

/**
 * The referrers API (OCI distribution specification 1.1) in front of a registry that does not have it: remembers what
 * refers to what as manifests pass, and lists it in pages of two.
 */
export async function startReferrersProxy(upstream: string): Promise<HttpServer> {
  const referrers = new Map<string, object[]>();
  const proxy = await startHttpServer(async (request, response) => {
    const asked = /^\/v2\/(.+)\/referrers\/([^?]+)(?:\?from=(\d+))?$/.exec(request.path);
    if (asked === null) return forward(request, response, { upstream, host: proxy.host, referrers });
    const [, repository = "", subject = "", from = "0"] = asked;
    answerReferrers(response, {
      listed: referrers.get(`${repository} ${subject}`) ?? [],
      from: Number(from),
      path: request.path,
    });
  });
  return proxy;
}

type Passage = { readonly upstream: string; readonly host: string; readonly referrers: Map<string, object[]> };

async function forward(request: ReceivedRequest, response: ServerResponse, passage: Passage): Promise<void> {
  const { method, path, body, headers } = request;
  const kept = ["accept", "content-type", "content-range", "authorization"].flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const hasBody = method !== "GET" && method !== "HEAD";
  const answer = await fetch(`http://${passage.upstream}${path}`, {
    method,
    // So that the places it points to are reached through here.
    headers: { ...Object.fromEntries(kept), "x-forwarded-host": passage.host },
    ...(hasBody ? { body: new Uint8Array(body) } : {}),
    redirect: "manual",
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const subject = answer.status === 201 && method === "PUT" ? noteReferrer(request, passage.referrers) : null;
  const told = new Headers(answer.headers);
  if (method !== "HEAD") told.delete("content-length");
  if (subject !== null) told.set("oci-subject", subject);
  response.writeHead(answer.status, Object.fromEntries(told)).end(bytes);
}

// The digest of what the manifest refers to; null when it refers to nothing.
function noteReferrer({ path, body, headers }: ReceivedRequest, referrers: Passage["referrers"]): string | null {
  const repository = /^\/v2\/(.+)\/manifests\//.exec(path)?.[1];
  if (repository === undefined) return null;
  const { subject, artifactType, annotations } = parseManifest(body);
  if (subject === undefined) return null;
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const descriptor = { mediaType: headers["content-type"], digest, size: body.length, artifactType, annotations };
  const key = `${repository} ${subject.digest}`;
  const known = (referrers.get(key) ?? []).filter((entry) => JSON.stringify(entry) !== JSON.stringify(descriptor));
  referrers.set(key, [...known, descriptor]);
  return subject.digest;
}

type Manifest = { subject?: { digest: string }; artifactType?: string; annotations?: Record<string, string> };

function parseManifest(body: Buffer): Manifest {
  return JSON.parse(body.toString()) as Manifest;
}

type Page = { readonly listed: readonly object[]; readonly from: number; readonly path: string };

function answerReferrers(response: ServerResponse, { listed, from, path }: Page): void {
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const next = from + PAGE < listed.length ? { link: `<${path.split("?")[0]}?from=${from + PAGE}>; rel="next"` } : {};
  const index = { schemaVersion: 2, mediaType, manifests: listed.slice(from, from + PAGE) };
  response.writeHead(200, { "content-type": mediaType, ...next }).end(JSON.stringify(index));
}
