import { digestOf, newAgent, parseAgentName, parseSessionId, type AgentRecord } from "@perch/domain";
import { expect, test } from "vitest";
import { formatCursor, parseCursor } from "./session-cursor.ts";
import { parseSessionQuery } from "./session-query.ts";

const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const policy = { escalationTools: [], successTools: [] };
const support: AgentRecord = {
  ...newAgent(parseAgentName("support")),
  releases: [
    { digest: OLD, version: "2.3.0", policy, signedBy: [], admittedAt: 0 },
    { digest: NEW, version: "2.3.1", policy, signedBy: [], admittedAt: 0 },
  ],
};
const context = { now: 10_000, liveSince: 4000, agents: [support] };
const parse = (query: Record<string, string>) => parseSessionQuery(query, context);

test("without a wish it is the live sessions of all agents", () => {
  expect(parse({})).toEqual({
    agent: null,
    releases: null,
    arm: null,
    rollout: null,
    onlyLive: true,
    liveSince: 4000,
    startedBefore: null,
    startedSince: null,
    outcome: null,
    isEscalated: null,
    tool: null,
    after: null,
    limit: 50,
  });
});

test("a release is named by its version, its digest, or the beginning of that", () => {
  for (const release of ["2.3.1", NEW, NEW.slice(0, 16)]) expect(parse({ release }).releases).toEqual([NEW]);
  expect(() => parse({ release: "sha256:" })).toThrow("found no release");
});

test("an age counts from now", () => {
  expect(parse({ olderThanMs: "3000", state: "all" })).toMatchObject({ startedBefore: 7000, onlyLive: false });
});

test("a page goes on where the last one ended", () => {
  const cursor = { startedAt: 1.5, agent: parseAgentName("support"), session: parseSessionId('a"\\b') };
  expect(parse({ after: formatCursor(cursor) }).after).toEqual(cursor);
  for (const text of ["", "the-end", Buffer.from('[1,"A B","c"]').toString("base64url")]) {
    expect(parseCursor(text)).toBeNull();
  }
});

test.each([
  { limit: "0" },
  { limit: "1001" },
  { limit: "many" },
  { olderThanMs: "-1" },
  { arm: "shadow" },
  { state: "dead" },
  { after: "the-end" },
  { colour: "red" },
])("%j is refused", (query) => {
  expect(() => parse(query)).toThrow("is not what GET /v1/sessions takes");
});

test("an agent that nobody knows is refused", () => {
  expect(() => parse({ agent: "sales" })).toThrow('found no agent "sales"');
});

test("what sessions came to, and when they began, can be asked for together", () => {
  expect(parse({ outcome: "failure", escalated: "false", tool: "refund", since: "100", until: "200" })).toMatchObject({
    outcome: "failure",
    isEscalated: false,
    tool: "refund",
    startedSince: 100,
    startedBefore: 200,
  });
  // Of two bounds the narrower counts.
  expect(parse({ until: "4900", olderThanMs: "6000" }).startedBefore).toBe(4000);
});
