import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SessionExtractor } from "@perch/domain";
import { findSession, type SessionRequest } from "./find-session.ts";

const header: SessionExtractor = { kind: "header", name: "X-Session-Id" };
const cookie: SessionExtractor = { kind: "cookie", name: "sid" };
const json: SessionExtractor = { kind: "json", pointer: "/session" };

function asked(headers: Readonly<Record<string, string>>, body = ""): SessionRequest {
  const head = { method: "POST", path: "/chat", query: "", header: (name: string) => headers[name] };
  return { head, agentPath: "/chat", peekBody: async () => body, peekFrame: null, mint: () => "minted-1" };
}

describe("finding the session of a request", () => {
  test.each<[string, [SessionRequest, readonly SessionExtractor[]], string]>([
    ["a header", [asked({ "x-session-id": "h" }), [header]], "h"],
    ["a cookie among others", [asked({ cookie: 'a=1; sid="c" ; b=2' }), [cookie]], "c"],
    ["the JSON body", [asked({ "content-type": "application/json" }, '{"session":"j"}'), [json]], "j"],
    [
      "a JSON body of a vendor's type",
      [asked({ "content-type": "application/x+json; a=b" }, '{"session":"j"}'), [json]],
      "j",
    ],
    ["a JSON body without a type", [asked({}, '{"session":"j"}'), [json]], "j"],
    ["the gateway's own header", [asked({ "x-perch-session": "own" }), []], "own"],
    ["the gateway's own cookie", [asked({ cookie: "perch_session=own" }), [header]], "own"],
    ["the first extractor that finds one", [asked({ "x-session-id": "h", cookie: "sid=c" }), [cookie, header]], "c"],
    ["the next when the first finds nothing", [asked({ "x-session-id": "", cookie: "sid=c" }), [header, cookie]], "c"],
  ])("takes it from %s", async (_where, question, session) => {
    expect(await findSession(...question)).toMatchObject({ kind: "found", session });
  });

  test.each<[string, SessionRequest]>([
    ["nothing is there", asked({})],
    ["the body is malformed JSON", asked({ "content-type": "application/json" }, "{session: 1}")],
    ["the body's id is null", asked({ "content-type": "application/json" }, '{"session":null}')],
    ["the body is not JSON", asked({ "content-type": "text/plain" }, '{"session":"j"}')],
  ])("mints one when %s", async (_why, request) => {
    expect(await findSession(request, [header, json])).toEqual({ kind: "minted", session: "minted-1" });
  });

  test.each<[string, SessionRequest, string]>([
    ["has spaces", asked({ "x-session-id": "two words" }), "header X-Session-Id"],
    ["is too long", asked({ "x-session-id": "x".repeat(201) }), "header X-Session-Id"],
    ["is no text", asked({ "content-type": "application/json" }, '{"session":{"id":1}}'), "JSON pointer /session"],
    ["is not ASCII", asked({ "content-type": "application/json" }, '{"session":"ß"}'), "JSON pointer /session"],
  ])("refuses an id that %s and says where it stood", async (_why, request, place) => {
    expect(await findSession(request, [header, json])).toEqual({
      kind: "malformed",
      message: expect.stringContaining(place),
    });
  });

  test("takes it from the first message of a WebSocket, and asks nobody else for one", async () => {
    const frame: SessionExtractor = { kind: "wsFrame", pointer: "/session" };
    expect(await findSession({ ...asked({}), peekFrame: async () => '{"session":"w"}' }, [frame])).toEqual({
      kind: "found",
      session: "w",
      isInHead: false,
    });
    expect(await findSession(asked({}), [frame])).toEqual({ kind: "minted", session: "minted-1" });
  });

  test("takes several places together only when all are there", async () => {
    const both: SessionExtractor = { kind: "composite", parts: [{ kind: "header", name: "x-user" }, json] };
    expect(await findSession(asked({ "x-user": "u" }, '{"session":"j"}'), [both])).toEqual({
      kind: "found",
      session: "u|j",
      isInHead: false,
    });
    expect(await findSession(asked({ "x-user": "u" }, "{}"), [both, header])).toMatchObject({ kind: "minted" });
    expect(await findSession(asked({ "x-user": "ß" }, '{"session":"j"}'), [both])).toEqual({
      kind: "malformed",
      message: expect.stringContaining("header x-user with the JSON pointer /session"),
    });
  });

  test("does not wait for the body when a header has the id", async () => {
    const request = { ...asked({ "x-session-id": "h" }), peekBody: () => Promise.reject(new Error("read")) };
    expect(await findSession(request, [header, json])).toEqual({ kind: "found", session: "h", isInHead: true });
  });

  test("never throws and never finds an unusable id, whatever headers and body hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.string(), async (a, b, body) => {
        const found = await findSession(asked({ "x-session-id": a, cookie: b }, body), [header, cookie, json]);
        expect(found.kind === "malformed" || /^[\x21-\x7e]{1,200}$/.test(found.session)).toBe(true);
      }),
    );
  });
});
