import type { Connection } from "../live/connection.ts";
import { formatClock } from "./format-time.ts";
import { Icon } from "./icon.tsx";

/** Nothing while live; otherwise how old the page is, where nobody overlooks it. */
export function ConnectionBar({ connection }: { readonly connection: Connection }) {
  switch (connection.kind) {
    case "live":
      return null;
    case "connecting":
      return (
        <p class="connection connection--quiet" role="status" data-testid="connection-bar">
          Connecting to the server …
        </p>
      );
    case "unreachable":
      return (
        <p class="connection" role="alert" data-testid="connection-bar">
          <Icon name="warning" />
          <span>
            <strong>No connection yet:</strong> {connection.why}. Trying again; start it with <code>perch up</code>.
          </span>
        </p>
      );
    case "lost":
      return (
        <p class="connection" role="alert" data-testid="connection-bar">
          <Icon name="warning" />
          <span>
            <strong>Connection lost, showing the state of {formatClock(connection.confirmedAt)}.</strong> Reconnecting;{" "}
            {connection.why}. The gateways keep routing.
          </span>
        </p>
      );
  }
}
