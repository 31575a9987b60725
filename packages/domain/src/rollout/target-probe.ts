/** What an address of a release answers when it is asked whether it is there. */
export type ProbeAnswer =
  | { readonly kind: "answers" }
  /** `because`: in a person's words. */
  | { readonly kind: "silent"; readonly because: string };

/**
 * Asks a release whether it is there, at one of its addresses. Never throws and never takes longer than a second: what has
 * not answered by then is silent. An answer is an answer, whatever it says, save that nobody stands behind the address.
 */
export interface TargetProbe {
  ask(url: string): Promise<ProbeAnswer>;
}
