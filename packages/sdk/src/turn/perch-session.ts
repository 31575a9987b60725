import { propagation, type Context } from "@opentelemetry/api";

/** Where the gateway put the session of the present request. Null is what it did not say. */
export type PerchSession = {
  readonly session: string | null;
  readonly release: string | null;
  readonly version: string | null;
  readonly arm: "baseline" | "canary" | "shadow" | null;
  readonly rollout: string | null;
  /** A mirrored request: nobody reads the answer, and nothing may happen to the world. */
  readonly isShadow: boolean;
};

export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Null: the request did not come through a gateway. Its headers say most; baggage alone reaches agents behind agents. */
export function readPerchSession(headers: IncomingHeaders, context: Context): PerchSession | null {
  const baggage = propagation.getBaggage(context);
  const said = (header: string, key: string): string | null =>
    textOf(headers[header]) ?? baggage?.getEntry(key)?.value ?? null;
  const arm = said("x-perch-arm", "perch.arm");
  const isShadow = textOf(headers["x-perch-shadow"]) === "1" || arm === "shadow";
  const found = {
    session: said("x-perch-session", "perch.session.id"),
    release: said("x-perch-release", "perch.release"),
    version: textOf(headers["x-perch-version"]),
    arm: isShadow ? "shadow" : arm === "baseline" || arm === "canary" ? arm : null,
    rollout: said("x-perch-rollout", "perch.rollout"),
    isShadow,
  } as const;
  const isPlaced = isShadow || found.session !== null || found.release !== null;
  return isPlaced ? found : null;
}

/** What every span of the turn says about where it belongs. */
export function attributionOf({ session, release, arm, rollout }: PerchSession): Readonly<Record<string, string>> {
  return {
    ...(session !== null && { "perch.session.id": session }),
    ...(release !== null && { "perch.release": release }),
    ...(arm !== null && { "perch.arm": arm }),
    ...(rollout !== null && { "perch.rollout": rollout }),
  };
}

function textOf(value: string | readonly string[] | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
