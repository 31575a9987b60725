import {
  activeRollout,
  parseReleaseName,
  type AgentRecord,
  type DeploymentRecord,
  type ReleaseName,
  type ReleaseReference,
} from "@perch/domain";
import type { DeploymentRequest, DeploymentView } from "@perch/api";
import { admitRelease, type AdmitDeps } from "./admit-release.ts";
import { ApiError } from "./api-error.ts";
import { refuseClassifierOfCanary } from "./classifier-of-canary.ts";
import { tenantOf, type RouteOptions } from "../route-options.ts";
import { resolveRelease } from "./resolve-release.ts";

export type DeploymentDeps = AdmitDeps & { readonly places: RouteOptions["places"] };

/**
 * A release runs at a URL: verified, remembered, routable from now on. A release that is registered again has moved (its
 * process was started anew), unless `adds` says that it runs there as well.
 */
export async function registerDeployment(
  request: DeploymentRequest & { readonly adds: boolean },
  deps: DeploymentDeps,
): Promise<DeploymentView> {
  const { book, now } = deps;
  refuseTakenPlace(parseReleaseName(request.release), deps);
  const { agent, digest, version } = await admitRelease(resolveRelease(parseReleaseName(request.release), book), deps);
  const release = { digest, version };
  const url = withoutTrailingSlash(request.url);
  const record = await book.recordAgent(agent, (held) => {
    const active = activeRollout(held, book.rollouts());
    if (active?.canary.digest === digest) refuseClassifierOfCanary(active, [url]);
    const hook = request.hook ?? null;
    const event = { type: "deploymentRegistered", at: now(), release: digest, url, replaces: !request.adds } as const;
    return hook === null ? event : { ...event, hook };
  });
  const held = record.deployments.find((deployment) => deployment.release === digest && deployment.url === url);
  return { agent, release, url, registeredAt: held?.registeredAt ?? now() };
}

/** Routed all the same, it would make the gateways refuse the table, and with it every agent's next decision. */
function refuseTakenPlace({ agent }: ReleaseName, { places }: DeploymentDeps): void {
  const tenant = tenantOf(agent, places);
  if (tenant === null) return;
  throw new ApiError({
    status: 409,
    code: "place_taken",
    message: `agent ${agent} would be at /${agent}, which --route gave to ${tenant}`,
    hint: `start the server with another --route for one of them, e.g. --route ${agent}=${agent}.example`,
  });
}

export async function removeDeployment(
  request: DeploymentRequest,
  { book, now }: DeploymentDeps,
): Promise<DeploymentView> {
  const reference = resolveRelease(parseReleaseName(request.release), book);
  const url = withoutTrailingSlash(request.url);
  const record = book.agent(reference.agent);
  const held =
    record === null ? undefined : deploymentsOf(record, reference).find((deployment) => deployment.url === url);
  if (record === null || held === undefined) {
    throw new ApiError({
      status: 404,
      code: "unknown_deployment",
      message: `found no deployment of ${request.release} at ${url}`,
      hint: "GET /v1/agents lists every release with its URLs",
    });
  }
  await book.recordAgent(record.agent, () => ({ type: "deploymentRemoved", at: now(), release: held.release, url }));
  const version = record.releases.find(({ digest }) => digest === held.release)?.version ?? "";
  return { agent: record.agent, release: { digest: held.release, version }, url, registeredAt: held.registeredAt };
}

function deploymentsOf(record: AgentRecord, reference: ReleaseReference): readonly DeploymentRecord[] {
  const digest =
    reference.kind === "digest"
      ? reference.digest
      : record.releases.find(({ version }) => version === reference.version)?.digest;
  return record.deployments.filter((deployment) => deployment.release === digest);
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
