import { expect, test } from "vitest";
import { sampleOverview } from "../sample/sample-overview.ts";
import type { Connection } from "./connection.ts";
import { followOverview, type OverviewStream } from "./follow-overview.ts";

type Listener = (event: { readonly data: string }) => void;

function createBrowser(fetchOverview: () => Promise<unknown>) {
  const seen: Connection[] = [];
  const streams: { send: Listener; beat: () => void; fail: () => void; isClosed: boolean }[] = [];
  const timers: { callback: () => void; delayMs: number; isCancelled: boolean }[] = [];
  const openStream = (): OverviewStream => {
    const stream: (typeof streams)[number] = {
      send: () => undefined,
      beat: () => undefined,
      fail: () => undefined,
      isClosed: false,
    };
    streams.push(stream);
    return {
      addEventListener(type: "overview" | "alive" | "error", listener: Listener) {
        if (type === "overview") stream.send = listener;
        else if (type === "alive") stream.beat = () => listener({ data: "" });
        else stream.fail = () => listener({ data: "" });
      },
      close() {
        stream.isClosed = true;
      },
    };
  };
  const startTimer = (callback: () => void, delayMs: number): (() => void) => {
    const timer = { callback, delayMs, isCancelled: false };
    timers.push(timer);
    return () => {
      timer.isCancelled = true;
    };
  };
  let clock = 1_000;
  const stop = followOverview({ openStream, fetchOverview, now: () => clock, startTimer }, (next) => seen.push(next));
  return {
    seen,
    streams,
    stop,
    pending: () => timers.filter((timer) => !timer.isCancelled),
    setClock: (at: number) => {
      clock = at;
    },
  };
}

const RAMPING = sampleOverview("ramping");
const never = (): Promise<unknown> => new Promise(() => undefined);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the page is live as soon as the first overview arrives, whichever way it comes", async () => {
  const fetched = createBrowser(async () => RAMPING);
  await settle();
  expect(fetched.seen).toEqual([{ kind: "live", overview: RAMPING, confirmedAt: 1_000 }]);
  const streamed = createBrowser(never);
  streamed.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  expect(streamed.seen.at(-1)).toMatchObject({ kind: "live", overview: { at: RAMPING.at } });
});

test("a lost stream keeps the last state on the page with its time, and connects again", () => {
  const browser = createBrowser(never);
  browser.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  browser.setClock(5_000);
  browser.streams[0]?.fail();
  expect(browser.seen.at(-1)).toMatchObject({ kind: "lost", overview: { at: RAMPING.at }, confirmedAt: 1_000 });
  expect(browser.streams[0]?.isClosed).toBe(true);
  browser.pending()[0]?.callback();
  browser.streams[1]?.send({ data: JSON.stringify(RAMPING) });
  expect(browser.seen.at(-1)).toMatchObject({ kind: "live", confirmedAt: 5_000 });
});

test("pauses between attempts grow up to five seconds and start small again after a success", () => {
  const browser = createBrowser(never);
  const delays: (number | undefined)[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    browser.streams.at(-1)?.fail();
    delays.push(browser.pending().at(-1)?.delayMs);
    browser.pending().at(-1)?.callback();
  }
  expect(delays).toEqual([500, 1_000, 2_000, 5_000, 5_000]);
  browser.streams.at(-1)?.send({ data: JSON.stringify(RAMPING) });
  browser.streams.at(-1)?.fail();
  expect(browser.pending().at(-1)?.delayMs).toBe(500);
});

test("a stream that is quiet for ten seconds is asked, and a dead server is noticed", async () => {
  let isDead = false;
  const browser = createBrowser(() => (isDead ? Promise.reject(new Error("the server does not answer")) : never()));
  browser.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  isDead = true;
  const quiet = browser.pending().at(-1);
  expect(quiet?.delayMs).toBe(10_000);
  quiet?.callback();
  await settle();
  expect(browser.seen.at(-1)).toMatchObject({ kind: "lost", why: "the server does not answer" });
});

test("an answer of another form is named and not taken for an overview", () => {
  const browser = createBrowser(never);
  browser.streams[0]?.send({ data: JSON.stringify({ ...RAMPING, gateways: "many" }) });
  expect(browser.seen.at(-1)).toMatchObject({ kind: "unreachable", why: expect.stringContaining("gateways") });
  const garbled = createBrowser(never);
  garbled.streams[0]?.send({ data: "{" });
  expect(garbled.seen.at(-1)).toMatchObject({ kind: "unreachable" });
});

test("a stopped page hears nothing more", async () => {
  const browser = createBrowser(async () => RAMPING);
  browser.stop();
  await settle();
  browser.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  browser.streams[0]?.fail();
  expect(browser.seen).toEqual([]);
  expect(browser.streams[0]?.isClosed).toBe(true);
});

test("a fetched overview that is older than the streamed one does not turn the page back", async () => {
  let answer = (_body: unknown): void => undefined;
  const browser = createBrowser(() => new Promise((resolve) => (answer = resolve)));
  browser.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  answer({ ...RAMPING, at: RAMPING.at - 1 });
  await settle();
  expect(browser.seen.at(-1)).toMatchObject({ kind: "live", overview: { at: RAMPING.at } });
});

test("a sign of life keeps the unchanged state fresh, but stands for no state of its own", () => {
  const browser = createBrowser(never);
  browser.streams[0]?.beat();
  expect(browser.seen).toEqual([]);
  browser.streams[0]?.send({ data: JSON.stringify(RAMPING) });
  browser.setClock(9_000);
  browser.streams[0]?.beat();
  browser.streams[0]?.fail();
  expect(browser.seen.at(-1)).toMatchObject({ kind: "lost", overview: { at: RAMPING.at }, confirmedAt: 9_000 });
});
