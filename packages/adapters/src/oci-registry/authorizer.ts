import { parseChallenges, type Challenge } from "./challenge.ts";
import type { CredentialSource, RegistryCredentials } from "./credentials.ts";
import { refusedCredentials } from "./failure.ts";
import type { Http, HttpRequest } from "./http.ts";
import type { Persist } from "./persist.ts";
import { printable } from "./registry-problem.ts";
import { basicHeader, requestToken, secretsOf, type Token } from "./request-token.ts";

/** What a request is refused for: the header that it had, and what the registry said. */
export type Refusal = {
  readonly request: HttpRequest;
  readonly header: string | null;
  readonly challenge: string | null;
};

export type Authorizer = {
  /** The header for a request with these scopes; null as long as the registry has asked for none. */
  header(scopes: readonly string[]): Promise<string | null>;
  /** Another header than the one that was refused. Throws `ReleaseError` `registry_refused` when there is none. */
  renewed(scopes: readonly string[], refusal: Refusal): Promise<string>;
  /** What must not be shown to anybody. */
  secrets(): readonly string[];
};

export type AuthorizerDeps = {
  readonly http: Http;
  readonly persist: Persist;
  readonly now: () => number;
  readonly origin: string;
  readonly credentials: CredentialSource;
};

type State =
  | { readonly kind: "open" }
  | { readonly kind: "basic"; readonly header: string }
  | { readonly kind: "bearer"; readonly challenge: Challenge };

/** Credentials for one registry. Tokens are kept per scope until they end, and asked for once however many wait for one. */
export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { origin, now } = deps;
  let state: State = { kind: "open" };
  let credentials: RegistryCredentials | null = null;
  const tokens = new Map<string, Promise<Token>>();

  const fetchToken = (challenge: Challenge, scopes: readonly string[]): Promise<Token> => {
    const key = scopes.join(" ");
    const token = requestToken(challenge, scopes, { ...deps, credentials });
    tokens.set(key, token);
    // One that could not be had must not stand in the way of the next try.
    token.catch(() => tokens.get(key) === token && tokens.delete(key));
    return token;
  };
  const tokenFor = async (challenge: Challenge, scopes: readonly string[], refused: string | null): Promise<Token> => {
    const key = scopes.join(" ");
    for (;;) {
      const asked = tokens.get(key);
      if (asked === undefined) return fetchToken(challenge, scopes);
      const token = await asked;
      if (token.expiresAt > now() && token.header !== refused) return token;
      // Whoever finds out first takes it away, and the others wait for the one that is asked for instead.
      if (tokens.get(key) === asked) tokens.delete(key);
    }
  };
  return {
    async header(scopes) {
      if (state.kind === "open") return null;
      return state.kind === "basic" ? state.header : (await tokenFor(state.challenge, scopes, null)).header;
    },
    async renewed(scopes, { request, header, challenge }) {
      credentials = await deps.credentials(new URL(origin).host);
      state = answerTo(challenge ?? "", { request, credentials });
      if (state.kind === "bearer") return (await tokenFor(state.challenge, scopes, header)).header;
      if (state.header === header)
        throw refusedCredentials(request, "credentials refused, expected them to be accepted");
      return state.header;
    },
    secrets: () => secretsOf(credentials),
  };
}

type Given = { readonly request: HttpRequest; readonly credentials: RegistryCredentials | null };

function answerTo(header: string, { request, credentials }: Given): Exclude<State, { kind: "open" }> {
  const challenges = parseChallenges(header);
  const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
  if (bearer !== undefined) return { kind: "bearer", challenge: bearer };
  if (!challenges.some(({ scheme }) => scheme === "basic")) {
    const schemes = printable(challenges.map(({ scheme }) => scheme).join(", "));
    throw refusedCredentials(
      request,
      `a challenge of ${schemes === "" ? "no scheme" : schemes}, expected Basic or Bearer`,
    );
  }
  if (credentials?.kind === "password") return { kind: "basic", header: basicHeader(credentials) };
  throw refusedCredentials(request, "no user and password, which this registry wants, expected some");
}
