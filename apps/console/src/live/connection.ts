import type { Overview } from "@perch/api";

/** What the page knows, and how fresh it is. `confirmedAt`: when the server last said so, by this browser's clock. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "unreachable"; readonly why: string }
  | { readonly kind: "live"; readonly overview: Overview; readonly confirmedAt: number }
  | { readonly kind: "lost"; readonly overview: Overview; readonly confirmedAt: number; readonly why: string };

export type ConnectionEvent =
  | { readonly type: "streamed"; readonly overview: Overview; readonly at: number }
  | { readonly type: "fetched"; readonly overview: Overview; readonly at: number }
  /** The connection is there, and nothing has changed. */
  | { readonly type: "alive"; readonly at: number }
  | { readonly type: "failed"; readonly why: string };

/** The next state. A fetched overview that is older than the streamed one confirms the connection, not its content. */
export function advanceConnection(connection: Connection, event: ConnectionEvent): Connection {
  switch (event.type) {
    case "streamed":
      return { kind: "live", overview: event.overview, confirmedAt: event.at };
    case "fetched": {
      const isNewer = connection.kind !== "live" || event.overview.at >= connection.overview.at;
      return { kind: "live", overview: isNewer ? event.overview : connection.overview, confirmedAt: event.at };
    }
    case "alive":
      return connection.kind === "live" ? { ...connection, confirmedAt: event.at } : connection;
    case "failed":
      if (connection.kind === "live" || connection.kind === "lost") {
        return { kind: "lost", overview: connection.overview, confirmedAt: connection.confirmedAt, why: event.why };
      }
      return { kind: "unreachable", why: event.why };
  }
}
