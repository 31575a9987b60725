export type Side = "user" | "shadow";

/**
 * Ids that first appear in answers: those that the user's agent gave, and what the shadow gave in their stead. Two belong
 * together when the same rule found them in the answers to the same turn.
 */
export type PairedIds = {
  learned(side: Side, turn: number, found: { readonly rule: string; readonly id: string }): void;
  /** The shadow's id; null when the user's agent gave this id and the shadow gave none; undefined for any other id. */
  shadowOf(id: string): string | null | undefined;
};

/** Of each side. A conversation that gives more goes on by its newest. */
const MOST = 200;

export function createPairedIds(): PairedIds {
  /** Places where the user's agent gave an id. */
  const places = new Map<string, Set<string>>();
  const shadows = new Map<string, string>();
  return {
    learned(side, turn, { rule, id }) {
      const place = `${turn} ${rule}`;
      if (side === "shadow") keep(shadows, place, id);
      else keep(places, id, (places.get(id) ?? new Set()).add(place));
    },
    shadowOf(id) {
      const known = places.get(id);
      if (known === undefined) return undefined;
      for (const place of known) {
        const shadow = shadows.get(place);
        if (shadow !== undefined) return shadow;
      }
      return null;
    },
  };
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  if (map.size <= MOST) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
