import { join } from "node:path";
import { aBuiltRelease } from "@perch/testkit";
import { rolloutViewSchema, sessionListSchema } from "@perch/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { end, ROLLOUT, startLiveSystem, until, type LiveSystem, type Ran, type Running } from "./live-system.ts";

const RELEASES = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));

// A server, and gateways of two machines that share nothing.
let system: LiveSystem;
let gateways: readonly [Running, Running];
const perch = (...args: string[]): Promise<Ran> => system.perch(...args);
const rollout = async () => rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1"));
const listed = async () => sessionListSchema.parse(await system.read("/v1/sessions?state=all"));

beforeAll(async () => {
  system = await startLiveSystem(RELEASES, "--idle-timeout", "2m");
  gateways = [await system.startGateway("gw-1"), await system.startGateway("gw-2")];
  await system.turn(gateways[0], "before");
  await system.post("/v1/rollouts?actor=test", ROLLOUT);
  await until(rollout, ({ phase }) => phase === "Baking");
  for (let count = 0; count < 20; count += 1) await system.turn(gateways[count % 2 === 0 ? 0 : 1], `s-${count}`);
  await system.turn(gateways[0], "s-0");
  await until(listed, ({ sessions }) => sessions.filter(({ turns }) => turns > 0).length >= 21);
});
afterAll(() => system.stop());

const outOf = async (...args: string[]): Promise<string> => (await perch(...args)).out;
const jsonOf = async (...args: string[]): Promise<unknown> => JSON.parse(await outOf(...args, "--json")) as unknown;

test("perch why tells release, rule, draw, table, gateway, expiry and turns of a live session", async () => {
  const { code, out, err } = await perch("why", "s-0");
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^session {3}s-0 of support$/m);
  expect(out).toMatch(/^release {3}2\.3\.[01] {2}sha256:[0-9a-f]{64}$/m);
  expect(out).toMatch(/^arm {7}(baseline|canary) of rollout support-2-3-1, step 1 at 40 %$/m);
  expect(out).toMatch(/^why {7}bucket \d+ of seed "fixed" is (not )?below the weight of 4000 basis points/m);
  expect(out).toMatch(/^pinned {4}\S+Z \(\d+ s ago\) by gateway gw-1, by table 1\.\d+$/m);
  expect(out).toMatch(/^expires {3}in .* unless there is a turn/m);
  expect(out).toMatch(/^turns {5}2, the last /m);
  expect(await jsonOf("why", "s-1", "--agent", "support")).toMatchObject({
    source: "pin",
    gateway: "gw-2",
    seed: "fixed",
    weightBp: 4000,
    disagreements: [],
    records: { turns: 1, isEnded: false },
    asked: [
      { where: "gateway gw-1", outcome: "no live pin" },
      { where: "gateway gw-2", outcome: "a live pin" },
      { where: "the server's turn records" },
    ],
  });
});

test("perch why explains a session of no rollout, one by override, and one by another of its names", async () => {
  const secret = join(system.scratch, "gw-1", "gateway", "pin-secret");
  const made = await perch("override", "create", "support", "2.3.1", "--pin-secret-file", secret);
  expect(made.code, made.err).toBe(0);
  await system.turn(gateways[0], "chosen", { "x-perch-override": made.out.trim() });
  const [before, chosen, alias] = await Promise.all(
    ["before", "chosen", "resp_of_s-0"].map((session) => outOf("why", session)),
  );
  expect(before).toContain("no rollout was under way");
  expect(chosen).toContain("override token");
  expect(alias).toContain("session   s-0 of support, also known as resp_of_s-0");
});

test("perch why says where it looked when it does not know the session, with an exit code of its own", async () => {
  const [text, json, malformed] = await Promise.all([
    perch("why", "nobody"),
    jsonOf("why", "nobody"),
    perch("why", "two words"),
  ]);
  expect([text.code, text.out]).toEqual([4, ""]);
  expect(text.err).toMatch(/gateway gw-1 +no live pin\n +gateway gw-2 +no live pin\n +the server's turn records/);
  expect(json).toMatchObject({ found: false, session: "nobody" });
  expect(malformed).toMatchObject({ code: 1, err: expect.stringContaining("expected a session id") });
});

test("perch sessions lists live sessions oldest first below a summary of each release, page by page", async () => {
  const text = await perch("sessions", "support", "--limit", "3");
  expect(text.code).toBe(0);
  expect(text.out).toMatch(/^release +status +live pins +live +oldest +last turn$/m);
  expect(text.out).toMatch(/^support@2\.3\.0 +Current +\S+ +\d+ +\d+ (s|min)/m);
  expect(text.out).toMatch(/^support@2\.3\.1 +Ramping /m);
  expect(text.out).toMatch(/^before +support@2\.3\.0 +baseline +– +live /m);
  const cursor = /--after (\S+)/.exec(text.err)?.[1] ?? "";
  const names = async (...args: string[]): Promise<string[]> =>
    sessionListSchema.parse(await jsonOf("sessions", ...args)).sessions.map(({ session }) => session);
  const [all, first, rest, canaries, on, old] = await Promise.all([
    names("support"),
    names("--limit", "3"),
    names("--limit", "900", "--after", cursor),
    names("--arm", "canary", "--rollout", "support-2-3-1"),
    names("--release", "2.3.1"),
    names("--older-than", "1h"),
  ]);
  expect([...first, ...rest]).toEqual(all);
  expect(canaries.length).toBeGreaterThan(0);
  expect(on).toEqual(expect.arrayContaining(canaries));
  expect(old).toEqual([]);
});

test("what perch sessions cannot use is refused with what it expected", async () => {
  const [release, age, limit, cursor] = await Promise.all([
    perch("sessions", "--release", "9.9.9"),
    perch("sessions", "--older-than", "soon"),
    perch("sessions", "--limit", "0"),
    perch("sessions", "--after", "the-end"),
  ]);
  expect(release).toMatchObject({ code: 1, out: "" });
  expect(release.err).toContain('found no release "9.9.9", expected one of 2.3.0');
  expect(age).toMatchObject({ code: 2, err: expect.stringContaining("expected a duration") });
  expect(limit).toMatchObject({ code: 1, err: expect.stringContaining("limit") });
  expect(cursor).toMatchObject({ code: 1, err: expect.stringContaining("after") });
});

test("a rollout's status has the canary's shares side by side, live ones by the pins of both stores", async () => {
  const view = await until(rollout, ({ drift }) => drift.liveBy === "pins" && drift.counts.liveSessions.all >= 21);
  expect(view.drift.target).toBe(0.4);
  expect(view.drift.counts.newSessions.all).toBeGreaterThanOrEqual(20);
  expect(view.drift.counts.turns.all).toBeGreaterThanOrEqual(21);
  const { canary, baseline, all } = view.drift.counts.liveSessions;
  expect(canary + baseline).toBe(all);
  expect(await outOf("rollout", "status", "support-2-3-1")).toMatch(
    /^share {9}of 2\.3\.1: weight 40 % \| new sessions [\d.]+ % \(\d+ of \d+\) \| live now [\d.]+ % \(\d+ of \d+\) \| turns /m,
  );
});

test("with the server away the gateways are asked, with the gateways away the records are", async () => {
  await system.killServer();
  const [alone, nowhere] = await Promise.all([
    perch("why", "s-1", "--gateway", gateways[0].url, "--gateway", gateways[1].url),
    perch("why", "s-1", "--gateway", "http://127.0.0.1:1"),
  ]);
  expect(alone).toMatchObject({ code: 0, err: expect.stringContaining("server at") });
  expect(alone.out).toContain("by gateway gw-2");
  expect(nowhere).toMatchObject({ code: 1, out: "", err: expect.stringContaining("no answer") });
  await system.startServer();
  await Promise.all(gateways.map(({ child }) => end(child)));
  const [recorded, text] = await Promise.all([jsonOf("why", "s-1"), perch("why", "s-1")]);
  expect(recorded).toMatchObject({
    source: "records",
    gateway: "gw-2",
    seed: "fixed",
    weightBp: 4000,
    revision: null,
    rule: expect.stringContaining("basis points at step 1"),
  });
  expect(text.err).toContain("could not ask everybody");
});
