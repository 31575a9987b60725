import type { AgentRoute, Pin, RequestHead } from "@perch/domain";
import type { Stay } from "../moves/under-way.ts";
import type { Refusal } from "../problem.ts";
import type { RoutedAgent, RoutedRelease, RouteIndex } from "../table/route-index.ts";
import type { AliasLearner } from "./learn-aliases.ts";

export type Placement =
  | {
      readonly kind: "placed";
      readonly pin: Pin;
      readonly route: AgentRoute;
      readonly release: RoutedRelease;
      /** The path as the agent sees it, without the query. */
      readonly agentPath: string;
      /** It is no turn of any session: nothing is kept of it, and the agent hears of no session. */
      readonly isOutsideSessions: boolean;
      /** This request is the session's first. */
      readonly isFirst: boolean;
      /** This request is the session's first, and a rollout was under way when it claimed the pin. */
      readonly isAssigned: boolean;
      /** Names and values in turn, for whatever answer. */
      readonly ownHeaders: readonly string[];
      /** Null when there is nothing to learn. */
      readonly learner: AliasLearner | null;
      /** The client has to learn an id from the answer's body, so the agent must not pack it. */
      readonly needsPlainAnswer: boolean;
      /** Keeps the session where it is until the turn is over; to be ended with it. */
      readonly stay: Stay | null;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type Routed = { readonly agent: RoutedAgent; readonly index: RouteIndex };

/** The path as the agent sees it, without the query. */
export function pathBelow({ path }: RequestHead, { pathPrefix }: AgentRoute): string {
  return path.slice(pathPrefix.length) || "/";
}

export function refused(refusal: Refusal): Extract<Placement, { kind: "refused" }> {
  return { kind: "refused", refusal };
}
