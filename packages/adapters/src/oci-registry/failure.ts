import { ReleaseError } from "@perch/domain";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import { parseRegistryProblem } from "./registry-problem.ts";

type Failed = { readonly message: string; readonly hint: string; readonly cause?: unknown };

const CREDENTIALS_HINT =
  "give credentials that may do this: PERCH_REGISTRY_USERNAME and PERCH_REGISTRY_PASSWORD, or `docker login HOST`";

export function refused(problem: Failed): ReleaseError {
  return new ReleaseError({ code: "registry_refused", ...problem });
}

/** `reason` is what stood in the way of an answer. */
export function unreachable(
  request: Pick<HttpRequest, "method" | "url">,
  reason: string,
  cause?: unknown,
): ReleaseError {
  return new ReleaseError({
    code: "registry_unreachable",
    message: `${requestLine(request)}: found ${reason}, expected an answer`,
    hint: "is the registry up, and the location right? Running the command again sends only what is still missing",
    cause,
  });
}

/** An answer that is no use to whoever asked; `secrets` are left out of what the registry says. */
export function refusedAnswer(
  request: Pick<HttpRequest, "method" | "url">,
  answer: HttpAnswer,
  secrets: readonly string[] = [],
): ReleaseError {
  const isAboutCredentials = answer.status === 401 || answer.status === 403;
  return refused({
    message: `${requestLine(request)}: found status ${answer.status}${parseRegistryProblem(answer, secrets)}, expected success`,
    hint: isAboutCredentials
      ? CREDENTIALS_HINT
      : "is this the right registry and prefix, and does it take OCI artifacts? Its log may say more",
  });
}

/** Credentials that are missing or do not help. */
export function refusedCredentials(request: Pick<HttpRequest, "method" | "url">, found: string): ReleaseError {
  return refused({ message: `${requestLine(request)}: found ${found}`, hint: CREDENTIALS_HINT });
}

// Without the query, which may be a signature or a secret.
export function requestLine({ method, url }: Pick<HttpRequest, "method" | "url">): string {
  const { host, pathname } = new URL(url);
  return `${method} ${pathname} at ${host}`;
}
