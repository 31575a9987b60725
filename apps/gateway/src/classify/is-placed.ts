import type { PinSecrets, RequestHead, SessionId } from "@perch/domain";
import type { CachedPinStore } from "../pins/cached-pin-store.ts";
import { presentedOverride } from "../session/presented-override.ts";
import { presentedPin } from "../session/presented-pin.ts";
import type { RoutedAgent } from "../table/route-index.ts";

export type PlacedQuestion = {
  readonly head: RequestHead;
  readonly agent: RoutedAgent;
  readonly found: { readonly kind: "found" | "minted"; readonly session: SessionId };
};

export type IsPlacedDeps = {
  readonly pins: Pick<CachedPinStore, "sessionOf" | "remembered" | "find">;
  readonly secrets: PinSecrets;
  readonly now: () => number;
};

/**
 * Whether a session's release is decided, by a pin or a token, so that its strategy has nothing to find out. "No" may be
 * wrong: then what is found out loses to the pin. The store is asked only where finding out takes longer than that.
 */
export async function isPlaced(
  { head, agent, found }: PlacedQuestion,
  { pins, secrets, now }: IsPlacedDeps,
): Promise<boolean> {
  const { route, strategy } = agent;
  if (pins.remembered(route.agent, found.session) !== null) return true;
  const reading = { session: pins.sessionOf(route.agent, found.session), secrets, now: now() };
  if (presentedPin(head, { route, ...reading }).kind === "valid") return true;
  const override = presentedOverride(head, { agent, sessions: [found.session, reading.session], ...reading });
  if (override.kind === "valid" || override.kind === "unknown") return true;
  if (strategy.kind !== "intent" || strategy.classifier.kind !== "http" || found.kind === "minted") return false;
  // A store that is away is met, and counted, when the pin is claimed.
  return (await pins.find(route.agent, found.session).catch(() => null)) !== null;
}
