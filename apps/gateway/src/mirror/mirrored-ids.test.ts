import { describe, expect, test } from "vitest";
import { createMirrorStage } from "../it/mirror-stage.ts";

type StageRoute = NonNullable<NonNullable<Parameters<typeof createMirrorStage>[0]>["route"]>;

const outcomes = ({ records }: ReturnType<typeof createMirrorStage>) =>
  records.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`));

describe("ids that agents give in their answers", () => {
  const route: StageRoute = {
    sessionExtractors: [
      { kind: "header", name: "x-session-id" },
      { kind: "json", pointer: "/previous_response_id" },
      { kind: "header", name: "mcp-session-id" },
    ],
    sessionLearners: [
      { kind: "responseJson", pointer: "/id", startsWith: "resp_" },
      { kind: "responseHeader", name: "mcp-session-id" },
    ],
  };
  const json = { "content-type": "application/json" };

  test("become the shadow's own in the turns after it", () => {
    const stage = createMirrorStage({ route });
    const first = stage.ask({ body: "{}", headers: json });
    first.passOn();
    first.answer('{"id":"resp_user"}', { "mcp-session-id": "mcp-user" });
    stage.settle();
    stage.sent[0]?.answer('{"id":"resp_shadow"}', { "mcp-session-id": "mcp-shadow" });
    const body = '{"previous_response_id" : "resp_user", "input":"\u00fc resp_user"}';
    stage.ask({ body, headers: { ...json, "Mcp-Session-Id": "mcp-user" } }).passOn();
    stage.settle();
    const said = Buffer.from(stage.sent[1]?.body ?? "", "latin1").toString();
    expect(said).toBe('{"previous_response_id" : "resp_shadow", "input":"\u00fc resp_user"}');
    expect(stage.sent[1]?.head).toContain("Mcp-Session-Id: mcp-shadow\r\n");
    expect(stage.sent[1]?.head).toContain(`content-length: ${Buffer.byteLength(said)}\r\n`);
  });

  test("that the shadow did not give, or that another gateway learned, end the mirror of the session", () => {
    const stage = createMirrorStage({ route });
    const first = stage.ask({ body: "{}", headers: json });
    first.passOn();
    first.answer('{"id":"resp_user"}');
    stage.settle();
    stage.sent[0]?.answer('{"id":17}');
    stage.ask({ body: '{"previous_response_id":"resp_user"}', headers: json }).passOn();
    stage.ask({ session: "b", body: '{"previous_response_id":"resp_elsewhere"}', headers: json }).passOn();
    stage.settle();
    expect(outcomes(stage)).toEqual(["answered", "dropped: id_unknown", "dropped: id_unknown"]);
  });
});
