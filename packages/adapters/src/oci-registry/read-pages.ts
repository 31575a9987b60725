import { refused } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import type { RegistryClient, RegistryRequest } from "./registry-client.ts";
import { resolveUrl } from "./resolve-url.ts";

const MOST_PAGES = 1_000;
const MOST_BYTES = 67_108_864;

/** The pages of a listing, following `Link` with rel="next" (RFC 8288) within the registry, and never in a circle. */
export async function* readPages(client: RegistryClient, first: RegistryRequest): AsyncGenerator<HttpAnswer> {
  const seen = new Set<string>();
  let bytes = 0;
  let next: string | null = new URL(first.url, client.origin).href;
  while (next !== null) {
    if (seen.has(next) || seen.size === MOST_PAGES) throw endless(first, client.origin);
    seen.add(next);
    const answer: HttpAnswer = await client.send({ ...first, url: next });
    bytes += answer.body.length;
    if (bytes > MOST_BYTES) throw endless(first, client.origin);
    yield answer;
    next = nextPage(answer, client.origin);
  }
}

function nextPage({ headers, url }: HttpAnswer, origin: string): string | null {
  for (const [, target = "", parameters = ""] of (headers.get("link") ?? "").matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*(?:"next"|next)\s*(?:[;,]|$)/i.test(parameters)) continue;
    const next = resolveUrl(target, url);
    if (new URL(next).origin === origin) return next;
    throw refused({
      message: `${new URL(origin).host} continues a list at ${new URL(next).host}, expected its own pages`,
      hint: "behind a proxy a registry has to be told its public address; ask whoever runs it",
    });
  }
  return null;
}

function endless({ url }: RegistryRequest, origin: string): Error {
  return refused({
    message: `${new URL(origin).host} gives ${new URL(url, origin).pathname} in a circle, or without an end: more than ${MOST_PAGES} pages or ${MOST_BYTES} bytes`,
    hint: "name the release by agent and version or digest instead of listing",
  });
}
