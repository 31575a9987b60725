import { existsSync } from "node:fs";
import { rolloutViewSchema } from "@perch/api";
import { digestOf } from "@perch/domain";
import { aBuiltRelease, aTurnRecord } from "@perch/testkit";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { ROLLOUT, startLiveSystem, until, type LiveSystem } from "../apps/cli/src/it/live-system.ts";

const CHROMIUM = "/usr/bin/chromium";
const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser) process.stderr.write("skipped: the console's commands, because Debian's chromium is not installed\n");

const RELEASES = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
const FILE = ROLLOUT.replace(
  "  rollback: {",
  "  promotion: { bakeTime: 1h }\n  rollback: { undoWindow: 10m, requireHealthyTarget: false,",
).replace("    gates:", "    circuitBreaker: { window: 1m }\n    gates:");

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openConsole(url: string): Promise<Page> {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args });
  closers.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  await page.goto(url);
  return page;
}

const rolloutOf = async (system: LiveSystem) =>
  rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1"));

/** What gateways tell of a canary whose turns fail while the old release's do not. */
async function reportFailures(system: LiveSystem): Promise<void> {
  const { baseline, canary } = await rolloutOf(system);
  const turns = Array.from({ length: 60 }, (_, index) => {
    const isCanary = index % 2 === 0;
    const own = { release: isCanary ? canary.digest : baseline.digest, status: isCanary ? 500 : 200 };
    const traceId = digestOf(`turn ${index}`).slice(-32);
    return { ...aTurnRecord({ traceId, startedAt: Date.now() }), ...own, id: `t-${index}`, session: `fail-${index}` };
  });
  const answer = await fetch(`${system.url}/v1/turns`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ turns }),
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

test.runIf(hasBrowser)(
  "a person undoes an announced rollback of a promotion, switches the agent off, and on again, in the console",
  async () => {
    const system = await startLiveSystem(RELEASES);
    closers.push(() => system.stop());
    const gateway = await system.startGateway("gw-1");
    await system.post("/v1/rollouts?actor=test", FILE);
    await until(
      () => rolloutOf(system),
      ({ phase }) => phase === "Baking",
    );
    await system.post("/v1/rollouts/support-2-3-1/promote", JSON.stringify({ reason: "looks good" }));
    await until(
      () => rolloutOf(system),
      ({ phase }) => phase === "Succeeded",
    );
    await reportFailures(system);
    const page = await openConsole(system.url);

    await page.getByTestId("undo-button").click();
    expect(await page.getByTestId("confirm-dialog").textContent()).toContain("2.3.1 stays the current release");
    await page.getByTestId("reason").fill("a broken probe");
    await page.getByTestId("confirm-button").click();
    await page.getByTestId("undo-button").waitFor({ state: "detached" });
    const { phase, announcement, timeline } = await rolloutOf(system);
    expect([phase, announcement]).toEqual(["Succeeded", null]);
    expect(timeline.at(-1)).toMatchObject({ actor: "console", text: "a broken probe" });

    await page.getByTestId("kill-button").click();
    expect(await page.getByTestId("confirm-button").isDisabled()).toBe(true);
    await page.getByTestId("reason").fill("it refunds everybody");
    await page.getByTestId("confirm-button").click();
    await page.getByTestId("killed-bar").filter({ hasText: "it refunds everybody (console)" }).waitFor();
    const status = async () => (await fetch(`${gateway.url}/support/chat`, { method: "POST", body: "{}" })).status;
    await until(status, (seen) => seen === 503);

    await page.getByTestId("revive-button").click();
    await page.getByTestId("reason").fill("fixed");
    await page.getByTestId("confirm-button").click();
    await page.getByTestId("killed-bar").waitFor({ state: "detached" });
    await page.getByTestId("kill-button").waitFor();
    await until(status, (seen) => seen === 200);
  },
  600_000,
);
