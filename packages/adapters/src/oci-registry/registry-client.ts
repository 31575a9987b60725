import { createAuthorizer } from "./authorizer.ts";
import type { CredentialSource } from "./credentials.ts";
import { refusedAnswer, refusedCredentials } from "./failure.ts";
import { follow } from "./follow.ts";
import { createHttp, type HttpAnswer, type HttpOptions, type HttpRequest } from "./http.ts";
import { createPersist, type Outcome, type Persist, type PersistOptions } from "./persist.ts";

export type RegistryRequest = {
  readonly method: HttpRequest["method"];
  /** A path at the registry, or where the registry pointed to. */
  readonly url: string;
  /** What a token has to allow, as `repository:NAME:pull`. */
  readonly scopes: readonly string[];
  /** What the caller can make something of; any other status is a refusal. */
  readonly statuses: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Default: the little that an answer has whose body says nothing. */
  readonly maxBytes?: number;
};

/** Speaks with one registry. Throws `ReleaseError` `registry_unreachable` or `registry_refused`. */
export type RegistryClient = {
  readonly origin: string;
  /** One try: what may be other another time is a failed outcome. */
  try(request: RegistryRequest): Promise<Outcome<HttpAnswer>>;
  /** As many tries as it takes, within reason; for requests that may arrive twice. */
  send(request: RegistryRequest): Promise<HttpAnswer>;
  readonly persist: Persist;
};

export type ClientOptions = HttpOptions &
  PersistOptions & { readonly origin: string; readonly credentials: CredentialSource };

const SMALL = 65_536;

export function createRegistryClient(options: ClientOptions): RegistryClient {
  const { origin } = options;
  const http = createHttp(options);
  const persist = createPersist(options);
  const authorizer = createAuthorizer({ ...options, http, persist });

  const exchange = async (wanted: RegistryRequest): Promise<Outcome<HttpAnswer>> => {
    const { method, url, scopes, statuses, headers = {}, body, maxBytes = SMALL } = wanted;
    const absolute = new URL(url, origin).href;
    const request = { method, url: absolute, headers, maxBytes, ...(body === undefined ? {} : { body }) };
    const header = await authorizer.header(scopes);
    let outcome = await follow(http, request, { origin, authorization: header });
    const challenged = challengeOf(outcome, origin);
    if (challenged !== null) {
      const challenge = challenged.headers.get("www-authenticate");
      const authorization = await authorizer.renewed(scopes, { request, header, challenge });
      outcome = await follow(http, request, { origin, authorization });
      if (challengeOf(outcome, origin) !== null)
        throw refusedCredentials(request, "credentials refused, expected them to be accepted");
    }
    if (outcome.kind === "failed" || statuses.includes(outcome.value.status)) return outcome;
    throw refusedAnswer(request, outcome.value, authorizer.secrets());
  };
  return {
    origin,
    try: exchange,
    send: (request) => persist(() => exchange(request)),
    persist,
  };
}

// Another host that asks for credentials, after a redirect, is not given any.
function challengeOf(outcome: Outcome<HttpAnswer>, origin: string): HttpAnswer | null {
  if (outcome.kind === "failed") return null;
  const { status, url } = outcome.value;
  return status === 401 && new URL(url).origin === origin ? outcome.value : null;
}
