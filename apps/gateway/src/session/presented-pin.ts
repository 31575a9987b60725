import {
  cookiesOf,
  readSignedPin,
  type AgentRoute,
  type Pin,
  type PinSecrets,
  type RequestHead,
  type SessionId,
} from "@perch/domain";

export const PIN_COOKIE = "perch_pin";
export const PIN_HEADER = "x-perch-pin";

/** The signed pin that came with a request. */
export type PresentedPin =
  | { readonly kind: "none" }
  | { readonly kind: "expired" | "foreign" }
  | { readonly kind: "valid"; readonly pin: Pin; readonly expiresAt: number };

/** A browser sends one cookie for each path that was given one; a client that sends more than this wants us to hash. */
const MOST = 4;

export type PinReading = {
  readonly route: AgentRoute;
  readonly session: SessionId;
  readonly secrets: PinSecrets;
  readonly now: number;
};

const NONE: PresentedPin = { kind: "none" };

/** The first valid one counts; of invalid ones an expired one, since that was ours. */
export function presentedPin(head: RequestHead, { route, session, secrets, now }: PinReading): PresentedPin {
  const named = head.header(PIN_HEADER);
  if (named === undefined && head.header("cookie") === undefined) return NONE;
  const texts = [...(named === undefined ? [] : [named]), ...cookiesOf(head, PIN_COOKIE)].slice(0, MOST);
  let result: PresentedPin = NONE;
  for (const text of texts) {
    const reading = readSignedPin({ text, agent: route.agent, session, now }, secrets);
    if (reading.kind === "valid") return { ...reading, pin: withSeed(reading.pin, route) };
    if (result.kind !== "expired") result = reading;
  }
  return result;
}

/** The seed is not for clients; as long as the rollout is under way the table has it. */
function withSeed(pin: Pin, { canary }: AgentRoute): Pin {
  return canary !== null && canary.rollout === pin.rollout ? { ...pin, seed: canary.seed } : pin;
}
