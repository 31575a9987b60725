import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { demoResultSchema } from "./demo-result.ts";
import { firstUrl, newDataDirectory, runPerchInTest, waitFor } from "./run-perch.ts";

const CHROMIUM = "/usr/bin/chromium";
const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser) process.stderr.write("skipped: the console's page, because Debian's chromium is not installed\n");

const artifacts = fileURLToPath(new URL("artifacts/", import.meta.url));
const data = newDataDirectory();
afterAll(() => rmSync(data, { recursive: true, force: true }));

test.runIf(hasBrowser)(
  "the console shows the canary live, and its rollback with the proof that it arrived",
  async () => {
    const run = runPerchInTest(["demo", "--json", "--data", data]);
    const consoleUrl = await waitFor("the console's URL", () => firstUrl(run.stderr()), { run, timeoutMs: 120_000 });
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1440, height: 1100 } });
    const complaints = collectComplaints(page);
    await page.goto(consoleUrl);

    await page.getByTestId("phase").filter({ hasText: "Baking" }).waitFor({ timeout: 120_000 });
    expect(await page.getByTestId("weight").first().textContent()).toContain("5");
    await page.waitForFunction(
      (least) => Number(document.querySelector('[data-testid="exposed"]')?.textContent) >= least,
      12,
      { timeout: 120_000 },
    );
    await save(page, "console-baking.png");

    await page
      .getByTestId("phase")
      .filter({ hasText: /rolled ?back/i })
      .waitFor({ timeout: 480_000 });
    const result = demoResultSchema.parse(
      await waitFor("the demo's result", () => (run.stdout().includes("\n") ? JSON.parse(run.stdout()) : null), {
        run,
        timeoutMs: 60_000,
      }),
    );
    expect(result).toMatchObject({ outcome: "rolledBack", culprits: ["escalation-rate"], switchedSessions: 0 });
    expect(result.rollbackMs).toBeLessThan(2_000);
    expect(await page.getByTestId("verdict-escalation-rate").first().textContent()).toMatch(/fail/i);
    expect(await page.getByTestId("propagation").first().textContent()).toMatch(/ms/);
    // What a gateway reported last may reach the page a moment after the phase.
    await page
      .getByTestId("exposed")
      .filter({ hasText: String(result.canarySessionsExposed) })
      .first()
      .waitFor({ timeout: 60_000 });
    await save(page, "console-rolled-back.png");
    await openReport(browser, { server: new URL(consoleUrl).origin, sessions: result.canarySessionsExposed });
    expect(complaints).toEqual([]);

    run.process.kill("SIGINT");
    expect(await run.ended).toBe(0);
  },
);

/** The report of the rollout as a page of its own, from a disk, where nothing but the page itself may be asked for. */
async function openReport(browser: Browser, { server, sessions }: { server: string; sessions: number }): Promise<void> {
  const [{ id } = { id: "" }] = z
    .array(z.object({ id: z.string() }))
    .parse(await (await fetch(`${server}/v1/rollouts`)).json());
  const file = join(data, "report.html");
  const run = runPerchInTest(["rollout", "report", id, "--server", server, "--html", file]);
  expect(await run.ended, run.stderr()).toBe(0);
  const report = await browser.newPage();
  const complaints = collectComplaints(report);
  const asked: string[] = [];
  report.on("request", (request) => asked.push(request.url()));
  await report.goto(pathToFileURL(file).href);
  expect(await report.locator("h1").textContent()).toContain("RolledBack");
  expect(await report.locator("dl.figures").textContent()).toContain(String(sessions));
  // Weight, exposure, and the evidence of each gate.
  expect(await report.locator("svg.chart").count()).toBeGreaterThanOrEqual(3);
  expect(await report.locator("svg .threshold.reject").count()).toBeGreaterThanOrEqual(1);
  expect([asked, complaints]).toEqual([[pathToFileURL(file).href], []]);
  await save(report, "report.png");
  await report.close();
}

async function save(page: Page, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: `${artifacts}${name}`, fullPage: true });
}

function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}
