import { createMemoryHookSender, createMemoryLedger } from "@perch/adapters/in-memory";
import {
  digestOf,
  parseAgentName,
  parseRolloutId,
  parseWebhookSecret,
  type AppliedEvent,
  type Channel,
  type HookReply,
  type HookRequest,
} from "@perch/domain";
import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import { expect, test } from "vitest";
import { openBook, type Book } from "../controller/book.ts";
import { createHookWorker } from "./hook-worker.ts";

const ID = parseRolloutId("support-2-3-1");
const REFUSED: HookReply = { status: 403, detail: "answered 403" };
const ACCEPTED: HookReply = { status: 204, detail: "answered 204" };

function appliedWith(webhooks: readonly Record<string, unknown>[]): AppliedEvent {
  const analysis = { interval: "5m", gates: [{ name: "escalation-rate", kind: "proportion" }], webhooks };
  return anAppliedEvent({ plan: aRolloutPlan({ analysis }) });
}

const HOOK = { url: "https://cab.example/ok" };
const CHANNEL: Channel = {
  name: "oncall",
  type: "slack",
  url: "https://slack.example/x",
  on: ["rolledBack"],
  agents: null,
  timeoutMs: 1000,
  retries: 1,
};

/** A rollout that has got to the phase in which its step is shifted, unless it is kept in `Preparing`. */
async function createWorld(
  answer: (request: HookRequest) => HookReply | Promise<HookReply>,
  {
    webhooks = [],
    channels = [],
    isPreparing = false,
  }: { webhooks?: readonly Record<string, unknown>[]; channels?: readonly Channel[]; isPreparing?: boolean },
) {
  const ledger = createMemoryLedger();
  const { sender, posted } = createMemoryHookSender(answer);
  let now = 1000;
  const open = async () => {
    const book = await openBook({ ledger, epoch: () => 0, onRecorded: () => {} });
    const worker = createHookWorker({
      book,
      sender,
      settings: { channels, console: null, secrets: [parseWebhookSecret(`whsec_${"A".repeat(32)}`)] },
      now: () => now,
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    /** Time passes, and whatever is due is called and answered. */
    const pass = async (ms: number): Promise<void> => {
      now += ms;
      worker.tick();
      await worker.settled();
    };
    return { book, worker, pass };
  };
  const opened = await open();
  await opened.book.start(() => appliedWith(webhooks));
  await opened.book.record(ID, { type: "timePassed", at: now });
  if (!isPreparing) await opened.book.record(ID, { type: "prepared", at: now, references: {} });
  return { ...opened, posted, restart: open, now: () => now };
}

const idsOf = (posted: readonly HookRequest[]) => new Set(posted.map(({ headers }) => headers["webhook-id"]));
const answersOf = (book: Book) => book.held(ID)?.rollout.hookAnswers ?? {};

test("whoever has to agree is asked again, ever less often and with the same id, until he does", async () => {
  let reply = REFUSED;
  const world = await createWorld(() => reply, {
    webhooks: [{ ...HOOK, type: "confirm-rollout" }],
    isPreparing: true,
  });
  await world.pass(0);
  await world.pass(0);
  expect(world.posted).toHaveLength(1);
  expect(world.worker.waitsOf(ID)).toEqual([
    "webhook confirm-rollout (confirm-rollout) at cab.example to agree: answered 403",
  ]);
  await world.pass(1200);
  await world.pass(1200);
  expect(world.posted).toHaveLength(2);
  reply = ACCEPTED;
  await world.pass(30_000);
  expect(idsOf(world.posted).size).toBe(1);
  expect(answersOf(world.book)["confirm-rollout@start"]).toMatchObject({ outcome: "accepted", attempts: 3 });
  await world.pass(60_000);
  expect([world.posted.length, world.worker.waitsOf(ID)]).toEqual([3, []]);
});

test("a call that a crash cut off is made again with the same id", async () => {
  const world = await createWorld(() => REFUSED, {
    webhooks: [{ ...HOOK, type: "confirm-rollout" }],
    isPreparing: true,
  });
  await world.pass(0);
  const after = await world.restart();
  await after.pass(0);
  expect([world.posted.length, idsOf(world.posted).size]).toEqual([2, 1]);
});

test("a webhook that never answers holds no decision up", async () => {
  const world = await createWorld(() => new Promise<HookReply>(() => {}), { webhooks: [{ ...HOOK, type: "event" }] });
  world.worker.tick();
  const request = { at: world.now(), actor: "ada", reason: "" };
  const { phase } = await world.book.record(ID, { type: "rollbackRequested", ...request });
  expect(phase.kind).toBe("RollingBack");
});

test("a rollback webhook is polled once a window, and its consent rolls back in its name", async () => {
  let reply: HookReply = { status: 404, detail: "answered 404" };
  const world = await createWorld(() => reply, { webhooks: [{ ...HOOK, type: "rollback", name: "pager" }] });
  await world.pass(0);
  await world.pass(299_000);
  expect(world.posted).toHaveLength(1);
  reply = ACCEPTED;
  await world.pass(2000);
  const rollout = world.book.held(ID)?.rollout;
  expect(rollout?.phase.kind).toBe("RollingBack");
  expect(rollout?.timeline.findLast(({ phase }) => phase === "RollingBack")).toMatchObject({ actor: "webhook:pager" });
});

test("events arrive in their order, and one that nobody takes is given up on record", async () => {
  const world = await createWorld(() => REFUSED, { webhooks: [{ ...HOOK, type: "event", retries: 1 }] });
  const lines = world.book.held(ID)?.rollout.timeline.map(({ text }) => text) ?? [];
  for (let tries = 0; tries < 20; tries += 1) await world.pass(10_000);
  const texts = world.posted.map(({ body }) => String(JSON.parse(body).data.text));
  expect(texts).toEqual(lines.flatMap((line) => [line, line]));
  expect(answersOf(world.book)["event@timeline-1"]).toMatchObject({ outcome: "failed", detail: "answered 403" });
});

test("a channel is told of a rollback once, with no signature of ours, and what people wrote cannot call a channel", async () => {
  const world = await createWorld(() => ACCEPTED, { channels: [CHANNEL] });
  await world.pass(0);
  expect(world.posted).toEqual([]);
  await world.book.record(ID, { type: "rollbackRequested", at: world.now(), actor: "ada", reason: "<!channel> & co" });
  await world.pass(100);
  await (await world.restart()).pass(100);
  expect(world.posted).toHaveLength(1);
  expect(world.posted[0]).toMatchObject({ url: CHANNEL.url, headers: {} });
  const { text } = JSON.parse(world.posted[0]?.body ?? "");
  expect(text).toContain("*support 2.3.0 → 2.3.1* is rolled back");
  expect(text).toContain("&lt;!channel&gt; &amp; co");
});

test("a channel that was set up later does not tell what happened long before", async () => {
  const world = await createWorld(() => ACCEPTED, { channels: [CHANNEL] });
  await world.book.record(ID, { type: "rollbackRequested", at: world.now(), actor: "ada", reason: "" });
  await world.pass(3_600_000);
  expect(world.posted).toEqual([]);
});

test("channels are told once of a drain that is not over at its deadline, with what is left and what its file says", async () => {
  const channels = [
    { ...CHANNEL, type: "generic" as const, on: ["drainLate" as const] },
    { ...CHANNEL, name: "others" },
  ];
  const world = await createWorld(() => ACCEPTED, { channels });
  const [agent, release] = [parseAgentName("support"), digestOf("2.3.0")];
  const drain = { deadlineMs: 1000, onDeadline: "migrate", openTransactions: "cancel" } as const;
  const { book, pass, restart } = world;
  const policy = { escalationTools: [], successTools: [] };
  const named = { release: { digest: release, version: "2.3.0" }, policy, signedBy: [] };
  await book.recordAgent(agent, () => ({ type: "releaseAdmitted", at: 0, ...named }));
  await book.recordAgent(agent, () => ({ type: "drainStarted", at: 0, release, rollout: ID, drain, sunset: null }));
  await pass(0);
  expect(world.posted).toEqual([]);
  await book.recordAgent(agent, () => ({
    type: "drainOverdue",
    at: 1000,
    release,
    livePins: 2,
    openTransactions: null,
  }));
  await pass(1000);
  await pass(1000);
  await (await restart()).pass(1000);
  expect(world.posted.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    {
      type: "rollout.drainLate",
      timestamp: "1970-01-01T00:00:01.000Z",
      data: {
        agent: "support",
        text: "support@2.3.0 has not drained by its deadline: 2 live pins, an unknown number of open transactions; its file says migrate, and cancel for transactions",
      },
    },
  ]);
  expect(Object.keys(answersOf(book))).toEqual([expect.stringMatching(/^channel\/oncall@drain-0-/)]);
});
