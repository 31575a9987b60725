import { overviewSchema, type Overview } from "@perch/api";
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { expect, test } from "vitest";
import type { Connection } from "../live/connection.ts";
import { sampleOverview } from "../sample/sample-overview.ts";
import { SITUATIONS } from "../sample/situation.ts";
import { RolloutPageBody } from "./rollout-page.tsx";

const plain = (html: string): string => html.replaceAll("\u202f", " ");
const draw = (connection: Connection, linked: string | null = null): string =>
  plain(renderToString(h(RolloutPageBody, { connection, linked })));
const drawLive = (overview: Overview): string => draw({ kind: "live", overview, confirmedAt: overview.at });

/** The text of the element with this data-testid; an element holds none of its own name. */
function textOf(html: string, testId: string): string {
  const match = new RegExp(`<(\\w+)[^>]*data-testid="${testId}"[^>]*>(.*?)</\\1>`, "s").exec(html);
  return (match?.[2] ?? `no ${testId}`).replaceAll(/<[^>]*>/g, "").trim();
}

test.each(SITUATIONS)("the sample that is %s is what the server may send, and it is drawn", (situation) => {
  const overview = overviewSchema.parse(sampleOverview(situation));
  expect(drawLive(overview)).toContain("Perch");
});

test("a rollback shows phase, weight, gate, exposure and the gateways' answers", () => {
  const html = drawLive(sampleOverview("rolledBack"));
  expect(textOf(html, "phase")).toBe("Rolled back");
  expect(html).toContain('data-phase="RolledBack"');
  expect(textOf(html, "weight")).toBe("0 %");
  expect(textOf(html, "exposed")).toBe("101");
  expect(textOf(html, "propagation-ms")).toBe("38 ms");
  expect(textOf(html, "verdict-escalation-rate")).toBe("fail");
  expect(textOf(html, "switched")).toBe("0 sessions saw two releases");
  expect(textOf(html, "propagation")).toContain("gw-cfenced");
});

test("the rollback button is live while the canary is exposed, and says why not afterwards", () => {
  const button = (overview: Overview): string =>
    /<button[^>]*rollback-button[^>]*>/.exec(drawLive(overview))?.[0] ?? "";
  expect(button(sampleOverview("ramping"))).not.toContain('aria-disabled="true"');
  expect(button(sampleOverview("rolledBack"))).toContain('aria-disabled="true"');
  expect(drawLive(sampleOverview("rolledBack"))).toContain("Not possible: the rollout has ended.");
});

test("each element that tests find by name is on the page once", () => {
  for (const situation of SITUATIONS) {
    const names = [...drawLive(sampleOverview(situation)).matchAll(/data-testid="([^"]+)"/g)].map((match) => match[1]);
    const repeated = names.filter((name, index) => name !== "notice" && names.indexOf(name) !== index);
    expect(repeated).toEqual([]);
  }
});

test("a lost connection keeps the state on the page and says how old it is", () => {
  const confirmedAt = new Date(2031, 4, 9, 14, 3, 7).getTime();
  const overview = sampleOverview("ramping");
  const html = draw({ kind: "lost", overview, confirmedAt, why: "the server does not answer" });
  expect(textOf(html, "connection-bar")).toContain("Connection lost, showing the state of 14:03:07.");
  expect(textOf(html, "weight")).toBe("5 %");
});

test("without a rollout the page says how to start one", () => {
  expect(drawLive(sampleOverview("empty"))).toContain("perch rollout start -f rollout.yaml");
});

test("raw p-values are never shown", () => {
  for (const situation of SITUATIONS)
    expect(drawLive(sampleOverview(situation))).not.toMatch(/p-value|p\s*[<=]\s*0?\.\d/i);
});

test("the newest rollout is shown unless the link names another one that exists", () => {
  const overview = sampleOverview("ramping");
  const shown = (linked: string | null): string =>
    textOf(draw({ kind: "live", overview, confirmedAt: 0 }, linked), "rollout-name");
  expect([null, "r-52aa", "r-gone"].map(shown)).toEqual(["support-2-3-1", "support-2-3-0", "support-2-3-1"]);
});

test("the kill switch is at hand for every agent that serves, and the way back for one that was switched off", () => {
  const overview = sampleOverview("ramping");
  expect(drawLive(overview)).toContain('data-testid="kill-button"');
  const killed = [{ agent: "support", killedAt: 0, actor: "ada", reason: "it refunds everybody", to: null }];
  const html = drawLive({ ...overview, killed });
  expect(textOf(html, "killed-bar")).toContain("support refuses everybody");
  expect(html).toContain("it refunds everybody (ada)");
  expect(html).toContain('data-testid="revive-button"');
  expect(html).not.toContain('data-testid="kill-button"');
});

test("a promotion that is announced to be taken back offers the undo", () => {
  const overview = sampleOverview("promoted");
  const announcement = { announcedAt: 0, executesAt: 60_000, culprits: ["escalation-rate"], reason: "worse" };
  const rollouts = overview.rollouts.map((rollout) => ({ ...rollout, announcement }));
  expect(drawLive({ ...overview, rollouts })).toContain('data-testid="undo-button"');
  expect(drawLive(overview)).not.toContain('data-testid="undo-button"');
});
