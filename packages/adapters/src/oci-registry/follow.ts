import { refused, requestLine } from "./failure.ts";
import type { Http, HttpAnswer, HttpRequest } from "./http.ts";
import type { Outcome } from "./persist.ts";
import { resolveUrl } from "./resolve-url.ts";

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows where reading is redirected to. The authorization goes to `origin` only, and no longer
 * once a redirect has led away from it.
 */
export async function follow(
  http: Http,
  request: HttpRequest,
  { origin, authorization }: { readonly origin: string; readonly authorization: string | null },
): Promise<Outcome<HttpAnswer>> {
  let { url } = request;
  let kept = authorization;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    if (new URL(url).origin !== origin) kept = null;
    const headers = kept === null ? request.headers : { ...request.headers, authorization: kept };
    const outcome = await http({ ...request, url, headers });
    if (outcome.kind === "failed" || !REDIRECTS.has(outcome.value.status)) return outcome;
    url = nextUrl(request, outcome.value);
  }
  throw misled(request, `more than ${MOST_REDIRECTS} redirects`);
}

function nextUrl(request: HttpRequest, { headers, url, status }: HttpAnswer): string {
  const location = headers.get("location");
  // Bytes that were sent to one place are not sent to another because that place says so.
  if (request.method !== "GET" && request.method !== "HEAD") throw misled(request, "a redirect of something written");
  if (location === null) throw misled(request, `status ${status} without a Location`);
  return resolveUrl(location, url);
}

function misled(request: HttpRequest, found: string): Error {
  return refused({
    message: `${requestLine(request)}: found ${found}, expected an answer`,
    hint: "is the location that of the registry itself?",
  });
}
