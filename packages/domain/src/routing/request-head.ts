/** A request's head as session extractors, classifiers and overrides read it. */
export type RequestHead = {
  readonly method: string;
  /** Without the query; begins with a slash. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  /** A header by its lower-case name, undefined without one; several of one name as HTTP joins them: `a, b`, cookies `a; b`. */
  readonly header: (name: string) => string | undefined;
};
