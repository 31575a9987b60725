import { reasonOf } from "@perch/adapters/json-log";
import type { Core, ServerDeps } from "./create-server.ts";
import { followRetirements } from "./retirements/follow-retirements.ts";

export type Loops = { readonly turn: () => Promise<void>; readonly settle: () => Promise<void> };

/** What a server does again and again. */
export function createLoops(core: Core, { log, term }: ServerDeps): Loops {
  const { hooks, deploymentHooks, transactionHooks, hub, book, assembler, controller, figures, known, retiring } = core;
  async function turn(): Promise<void> {
    // Nothing would be recorded, but webhooks would hear of it.
    if (!term.isInForce()) return;
    void known.learn();
    try {
      if ((await assembler.tick()) > 0) {
        controller.noteMatured();
        figures.noteMatured();
      }
    } catch (error) {
      log.warn("cannot mature sessions now; they stay due", { reason: reasonOf(error) });
    }
    await controller.reconcileAll();
    await followRetirements(retiring);
    hooks.tick();
    deploymentHooks.tick();
    transactionHooks.tick();
  }
  const standing = (): string => {
    const rollouts = book.rollouts().map(({ id }) => book.held(id)?.sequence);
    const moves = book.agents().flatMap((agent) => agent.moves.map((move) => move.standing.kind));
    const retirements = book.agents().flatMap((agent) => agent.retirements.map(({ stage }) => stage.kind));
    return [...rollouts, ...moves, ...retirements].join(" ");
  };
  return {
    turn,
    /** On a made-up clock time stands still between two calls, so every loop runs until nothing changes any more. */
    async settle() {
      await hub.renewLeases();
      let before = "";
      do {
        before = standing();
        await turn();
      } while (standing() !== before);
    },
  };
}
