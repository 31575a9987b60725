import { useEffect, useState } from "preact/hooks";
import type { Connection } from "./connection.ts";
import { followOverview } from "./follow-overview.ts";

const ANSWER_WITHIN_MS = 5_000;

/** The live state of the server, for as long as the component is on the page. */
export function useOverview(): Connection {
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });
  useEffect(
    () =>
      followOverview(
        {
          openStream: () => new EventSource("/v1/overview/stream"),
          fetchOverview,
          now: () => Date.now(),
          startTimer: (callback, delayMs) => {
            const timer = setTimeout(callback, delayMs);
            return () => clearTimeout(timer);
          },
        },
        setConnection,
      ),
    [],
  );
  return connection;
}

async function fetchOverview(): Promise<unknown> {
  const answer = await fetch("/v1/overview", {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((cause: unknown) => {
    throw new Error("the server does not answer", { cause });
  });
  if (!answer.ok) throw new Error(`the server answered ${answer.status} to GET /v1/overview`);
  return await answer.json();
}
