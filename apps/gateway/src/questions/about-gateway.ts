import { reasonOf } from "@perch/adapters/json-log";
import { parseAgentName, parseSessionId, type PinStore } from "@perch/domain";

export type AboutGatewayDeps = {
  readonly version: string;
  readonly store: Pick<PinStore, "mark" | "unmark">;
  readonly randomHex: (bytes: number) => string;
};

export type AboutGateway = { readonly version: string; readonly pinStore: { readonly failure: string | null } };

const NOBODYS = parseAgentName("perch-doctor");
/** A mark is written and read in one step, belongs to no session, and is forgotten by itself. */
const MARK_MS = 1000;
const REASON_CHARACTERS = 500;

/** Tries the pin store, past every cache. */
export async function aboutGateway({ version, store, randomHex }: AboutGatewayDeps): Promise<AboutGateway> {
  const id = randomHex(16);
  const turn = { agent: NOBODYS, session: parseSessionId(`doctor-${id}`), turn: id };
  try {
    await store.mark(turn, MARK_MS);
    await store.unmark(turn, MARK_MS);
    return { version, pinStore: { failure: null } };
  } catch (error) {
    return { version, pinStore: { failure: reasonOf(error).slice(0, REASON_CHARACTERS) } };
  }
}
