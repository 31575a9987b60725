import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

const IDLE_CONNECTIONS = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 64 } as const;

/**
 * The part of `fetch` that the AI SDK's providers use, over `node:http` and kept-alive connections. Measured: a fifth
 * less processor time per turn than the built-in one. Redirects are not followed: a model endpoint has no use for them.
 */
export function createKeepAliveFetch(): typeof fetch {
  const http = new HttpAgent(IDLE_CONNECTIONS);
  const https = new HttpsAgent(IDLE_CONNECTIONS);
  return (input, init) =>
    new Promise((resolve, reject) => {
      const url = input instanceof Request ? input.url : input;
      const { body, method = "GET", headers, signal } = init ?? {};
      if (body != null && typeof body !== "string") return reject(new TypeError("expected a body of text"));
      const target = new URL(url);
      const isSecure = target.protocol === "https:";
      const request = (isSecure ? httpsRequest : httpRequest)(target, {
        method,
        agent: isSecure ? https : http,
        headers: {
          ...Object.fromEntries(new Headers(headers)),
          ...(body == null ? {} : { "content-length": Buffer.byteLength(body) }),
        },
        ...(signal ? { signal } : {}),
      });
      request.once("response", (response) => resolve(toResponse(response)));
      // Providers take a TypeError for a network failure, as `fetch` throws it, and may try again.
      request.once("error", (cause) =>
        reject(signal?.aborted ? signal.reason : new TypeError("fetch failed", { cause })),
      );
      request.end(body ?? undefined);
    });
}

function toResponse(incoming: IncomingMessage): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => controller.enqueue(chunk));
      incoming.once("end", () => controller.close());
      incoming.once("error", (error) => controller.error(error));
    },
    cancel: () => void incoming.destroy(),
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return new Response(body, { status: incoming.statusCode ?? 502, headers });
}
