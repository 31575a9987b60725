import type { GatewayView } from "@perch/api";
import { GatewaysPanel } from "./gateways-panel.tsx";

/** No rollout yet: what to type to get one. */
export function EmptyState({ gateways, now }: { readonly gateways: readonly GatewayView[]; readonly now: number }) {
  return (
    <main class="content content--empty" data-testid="empty">
      <section class="panel empty" aria-labelledby="empty-title">
        <h2 id="empty-title">No rollout yet</h2>
        <p>
          A rollout moves an agent from its current release to a canary, a small share of new sessions first. Write a{" "}
          <code>rollout.yaml</code>, then:
        </p>
        <pre>
          <code>perch rollout start -f rollout.yaml</code>
        </pre>
        <p class="quiet-note">It appears here by itself. To see one played with simulated customers: perch demo</p>
      </section>
      <GatewaysPanel gateways={gateways} now={now} />
    </main>
  );
}
