import {
  createDeploymentHooks,
  type DeploymentHooks,
  type DeploymentHooksDeps,
} from "../retirements/deployment-hooks.ts";
import {
  createTransactionHooks,
  type TransactionHooks,
  type TransactionHooksDeps,
} from "../transactions/transaction-hooks.ts";
import { createHookWorker, NO_HOOKS, type HookWorker, type HookWorkerDeps } from "./hook-worker.ts";

export type CallingDeps = Omit<HookWorkerDeps, "sender" | "settings"> &
  Partial<Pick<HookWorkerDeps, "sender" | "settings">> &
  Pick<DeploymentHooksDeps, "hub"> &
  Pick<TransactionHooksDeps, "store" | "endpoints">;

/** Whoever tells somebody outside of something. Without a sender nobody is called. */
export function createCalling(deps: CallingDeps): {
  readonly hooks: HookWorker;
  readonly deploymentHooks: DeploymentHooks;
  readonly transactionHooks: TransactionHooks;
} {
  const whole = { ...NO_HOOKS, ...deps };
  const { secrets } = whole.settings;
  return {
    hooks: createHookWorker(whole),
    deploymentHooks: createDeploymentHooks({ ...whole, secrets }),
    transactionHooks: createTransactionHooks({ ...whole, secrets }),
  };
}
