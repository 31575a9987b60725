import type { AgentView, OpenTransactionsView } from "@perch/api";
import { formatAge } from "../format-age.ts";

type Release = AgentView["releases"][number];

const LEFT_BEHIND: ReadonlySet<Release["status"]> = new Set(["Draining", "Drained", "Decommissioned"]);

/** Releases that get no new sessions any more, each with its agent's name. */
export function leftBehindOf({ agent, releases }: AgentView): readonly (Release & { readonly agent: string })[] {
  return releases.filter(({ status }) => LEFT_BEHIND.has(status)).map((release) => ({ agent, ...release }));
}

/** Each of them, and what it waits for. */
export function describeDrains(agents: readonly AgentView[], now: number): string {
  const drains = agents.flatMap(leftBehindOf).map((release) => describeDrain(release, now));
  return drains.length > 0
    ? drains.join("\n\n")
    : "no release is draining: each one that ever served is the current one";
}

type LeftBehind = ReturnType<typeof leftBehindOf>[number];

function describeDrain(left: LeftBehind, now: number): string {
  const { agent, release, status, livePins, retirement, urls } = left;
  const name = `${agent}@${release.version}`;
  const pins = `live pins  ${livePins ?? "unknown"}`;
  const places = `runs at    ${urls.length === 0 ? "nowhere" : urls.join(", ")}`;
  if (retirement === null) {
    return [
      `${name}  ${status}`,
      pins,
      places,
      "next       nothing: its rollout's file has neither drain nor sunset",
    ].join("\n");
  }
  const { stage, since, rollout, waitsFor, overdueSince } = retirement;
  const notes = [...(stage === "scaledDown" ? ["scaled down"] : []), ...(overdueSince === null ? [] : ["late"])];
  const noted = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
  return [
    `${name}  ${status}${noted}  since ${formatAge(now - since)}, by the file of ${rollout}`,
    pins,
    ...openLines(retirement.openTransactions, now),
    places,
    ...waitsFor.map((one, index) => `${index === 0 ? "waits for" : "         "}  ${one}`),
  ].join("\n");
}

function openLines(open: OpenTransactionsView | null, now: number): readonly string[] {
  if (open === null) return ["open       unknown"];
  const { count, oldest } = open;
  if (count === 0) return [];
  const shown = oldest.map((one, index) => `${index === 0 ? "open" : "    "}       ${transactionText(one, now)}`);
  const more = count - oldest.length;
  return more > 0 ? [...shown, `           and ${more} more`] : shown;
}

type Open = OpenTransactionsView["oldest"][number];

function transactionText({ tool, id, session, openedAt, isOfUnknownRelease, call }: Open, now: number): string {
  const owner = isOfUnknownRelease ? ", of a release that is not known" : "";
  return `${tool} ${id} of session ${session}, since ${formatAge(now - openedAt)}${owner}${callText(call)}`;
}

function callText(call: Open["call"]): string {
  if (call === null) return "";
  return `; ${call.action} ${call.standing}${call.detail === "" ? "" : `: ${call.detail}`}`;
}
