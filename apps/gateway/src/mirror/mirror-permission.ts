import type { MirrorRoute, ShadowReason } from "@perch/domain";
import type { HeldTable } from "../table/held-table.ts";
import type { RoutedAgent, RoutedRelease } from "../table/route-index.ts";
import type { ShadowedPin } from "./shadow-session.ts";

export type Permission =
  | {
      readonly kind: "granted";
      readonly agent: RoutedAgent;
      readonly mirror: MirrorRoute;
      readonly release: RoutedRelease;
    }
  | { readonly kind: "obstacle"; readonly reason: ShadowReason };

/** Whether the table in force now still mirrors the session. Without a lease nobody knows. */
export function permissionOf(
  { agent: name, shadow }: ShadowedPin,
  held: Pick<HeldTable, "index" | "isFenced">,
): Permission {
  if (held.isFenced()) return { kind: "obstacle", reason: "lease_expired" };
  const agent = held.index()?.agents.get(name);
  const mirror = agent?.route.mirror ?? null;
  const release = agent?.releases.get(shadow.release);
  const isMeant = mirror?.rollout === shadow.rollout && mirror.release === shadow.release;
  if (agent === undefined || mirror === null || release === undefined || !isMeant) {
    return { kind: "obstacle", reason: "mirror_ended" };
  }
  return { kind: "granted", agent, mirror, release };
}
