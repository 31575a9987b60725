/** Where a JSON Web Token stands in a request. */
export type JwtPlace = { readonly kind: "bearer" } | { readonly kind: "header" | "cookie"; readonly name: string };

/** One place of a request where the id of its session may stand. */
export type SimpleExtractor =
  | { readonly kind: "header" | "cookie" | "query"; readonly name: string }
  /** Segments of the path below the agent's prefix: `{session}` is the id, `*` any one segment, a last `**` any rest. */
  | { readonly kind: "path"; readonly template: string }
  /** An RFC 6901 pointer into a JSON body. */
  | { readonly kind: "json"; readonly pointer: string }
  /**
   * A claim of a token, by its name or by a pointer. The signature is not looked at: whoever stands in front of the gateway,
   * or the agent behind it, decides whether the token is good. A forged one only chooses its sender's own session.
   */
  | { readonly kind: "jwt"; readonly claim: string; readonly from: JwtPlace }
  /** A pointer into the first message of a WebSocket. */
  | { readonly kind: "wsFrame"; readonly pointer: string };

export type SessionExtractor =
  | SimpleExtractor
  /** All parts, joined by "|"; each of them has to be there. */
  | { readonly kind: "composite"; readonly parts: readonly SimpleExtractor[] };

/** A place of an answer where an id stands that later requests will name the session by. */
export type SessionLearner =
  | { readonly kind: "responseHeader"; readonly name: string }
  /** A pointer into a JSON body, or into the data of each server-sent event; only values that start so are ids. */
  | { readonly kind: "responseJson"; readonly pointer: string; readonly startsWith: string };
