import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBrowserAgent } from "./browser-agent.ts";
import { expectOneReleaseEach } from "./story.ts";
import { beginWorld, type World } from "./world.ts";

const CHROMIUM = "/usr/bin/chromium";
const isMissing = !existsSync(CHROMIUM);
const title = "a browser";

describe.skipIf(isMissing)(isMissing ? `${title} (skipped: no chromium here)` : title, () => {
  let world: World;
  let browser: Browser;
  // Another site than the gateway's, and not only another origin of it: no cookie of the gateway's goes along.
  const site = createServer(
    (_request, response) => void response.setHeader("content-type", "text/html").end("<p>shop"),
  );
  let siteUrl = "";

  beforeAll(async () => {
    world = await beginWorld({ agent: createBrowserAgent });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    const address = site.address();
    siteUrl = `http://localhost:${address !== null && typeof address === "object" ? address.port : 0}/`;
  });
  afterAll(async () => {
    await browser.close();
    site.closeAllConnections();
    site.close();
    await world.end();
  });

  async function pageAt(url: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(url);
    world.beginScene();
    return page;
  }

  test("on a page of another site keeps the sessions that a header names, and its preflights are nobody's", async () => {
    const page = await pageAt(siteUrl);
    const said = await page.evaluate(async ([first, second]) => {
      const answers: string[] = [];
      for (let session = 0; session < 10; session += 1) {
        for (const url of [first, second, first]) {
          const headers = { "content-type": "application/json", "x-session-id": `shop-${session}` };
          answers.push(await (await fetch(`${url}/chat`, { method: "POST", headers, body: "{}" })).text());
        }
      }
      return answers;
    }, world.stage.agentUrls);
    expect(said).toHaveLength(30);
    expectOneReleaseEach(world, 10);
    const preflights = world.heard().filter(({ method }) => method === "OPTIONS");
    expect(preflights.length).toBeGreaterThan(0);
    for (const preflight of preflights) expect(preflight).toMatchObject({ session: null, version: "1.0.0" });
  });

  test("on a page of another site reads the session that the gateway made, where the agent exposes it", async () => {
    const page = await pageAt(siteUrl);
    await page.evaluate(async ([first, second]) => {
      for (let session = 0; session < 10; session += 1) {
        const begun = await fetch(`${first}/chat`, { method: "POST" });
        const headers = { "x-perch-session": begun.headers.get("x-perch-session") ?? "" };
        await fetch(`${second}/chat`, { method: "POST", headers });
      }
    }, world.stage.agentUrls);
    expectOneReleaseEach(world, 10);
  });

  test("on a page of the gateway's own keeps its session by cookie, with nothing to set", async () => {
    const [url] = world.stage.agentUrls;
    const page = await pageAt("about:blank");
    await page.goto(`${url}/page`);
    await page.evaluate(async (chat) => {
      for (let turn = 0; turn < 5; turn += 1) await fetch(chat, { method: "POST" });
    }, `${url}/chat`);
    expect(world.heard()).toHaveLength(6);
    expectOneReleaseEach(world, 1);
  });
});
