import { aPinMove } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { RoutingError } from "./error.ts";
import { parseAgentName, parseGatewayId, parseRolloutId, parseSessionId } from "./ids.ts";
import { LONGEST_OVERRIDE_MS, mintOverride, readOverride, type Override } from "./override-token.ts";
import { parsePinSecrets, type PinSecrets } from "./pin-secrets.ts";
import type { Pin } from "./pin-store.ts";
import { readSignedPin, signPin } from "./signed-pin.ts";

const [agent, session] = [parseAgentName("support"), parseSessionId("session-1")];
const secrets: PinSecrets = ["a".repeat(32)];
const pin: Pin = {
  agent,
  session,
  release: digestOf("2.3.1"),
  arm: "canary",
  rollout: parseRolloutId("support-2-3-1"),
  step: 2,
  weightBp: 500,
  bucket: 17,
  seed: "secret-seed",
  revision: { epoch: 3, sequence: 9 },
  gateway: parseGatewayId("gw-1"),
  assignedAt: 1234,
  override: null,
  shadow: null,
  targeting: null,
  moved: null,
};
const signed = signPin(pin, 1000, secrets);
const read = (text: string, change: { now?: number; as?: PinSecrets; of?: string; in?: string } = {}) =>
  readSignedPin(
    {
      text,
      agent: parseAgentName(change.of ?? agent),
      session: parseSessionId(change.in ?? session),
      now: change.now ?? 999,
    },
    change.as ?? secrets,
  );

describe("a signed pin", () => {
  test("brings back the whole pin but the seed, which would tell clients how to choose their bucket", () => {
    expect(read(signed)).toEqual({ kind: "valid", pin: { ...pin, seed: null }, expiresAt: 1000 });
    expect(Buffer.from(signed.split(".")[1] ?? "", "base64url").toString()).not.toContain("secret-seed");
    expect(signed).toMatch(/^pin1\.[\w-]+\.[\w-]{43}$/);
    expect(signed.length).toBeLessThan(400);
  });

  test("brings back the move of its session, and is as ever where there was none", () => {
    const moved = { ...pin, moved: aPinMove({ rollout: pin.rollout, times: 2 }) };
    expect(read(signPin(moved, 1000, secrets))).toMatchObject({ kind: "valid", pin: { ...moved, seed: null } });
    const payload = Buffer.from(signed.split(".")[1] ?? "", "base64url").toString();
    expect(JSON.parse(payload)).toHaveLength(12);
  });

  test("is good until it expires", () => {
    expect(read(signed, { now: 1000 })).toEqual({ kind: "expired" });
  });

  test("is nobody else's", () => {
    expect(read(signed, { of: "sales" })).toEqual({ kind: "foreign" });
    expect(read(signed, { in: "session-2" })).toEqual({ kind: "foreign" });
    expect(read(signed, { as: ["b".repeat(32)] })).toEqual({ kind: "foreign" });
  });

  test("is read by whoever still knows its secret, and signed with the first", () => {
    const rotated: PinSecrets = ["b".repeat(32), ...secrets];
    expect(read(signed, { as: rotated }).kind).toBe("valid");
    expect(read(signPin(pin, 1000, rotated), { as: ["b".repeat(32)] }).kind).toBe("valid");
    expect(read(signPin(pin, 1000, rotated)).kind).toBe("foreign");
  });

  test("is foreign after any change of any character", () => {
    fc.assert(
      fc.property(fc.nat({ max: signed.length - 1 }), fc.stringMatching(/^[\w.-]$/), (at, character) => {
        const changed = `${signed.slice(0, at)}${character}${signed.slice(at + 1)}`;
        fc.pre(
          Buffer.from(changed.split(".")[2] ?? "", "base64url").compare(macOf(signed)) !== 0 ||
            at < signed.lastIndexOf("."),
        );
        fc.pre(changed !== signed);
        expect(read(changed).kind).toBe("foreign");
      }),
    );
  });

  test("is foreign when it is anything else, an override token of the same secret too", () => {
    const token = mintOverride({ id: "o", agent, release: "1.0.0", session: null, expiresAt: 999 }, 0, secrets);
    for (const text of [
      "",
      "pin1..",
      "pin1.e30",
      `${signed}.x`,
      "x".repeat(100_000),
      token,
      `pin2${signed.slice(4)}`,
    ]) {
      expect(read(text)).toEqual({ kind: "foreign" });
    }
    fc.assert(fc.property(fc.string(), (text) => read(text).kind === "foreign"));
  });
});

/** The last character of base64url carries bits that mean nothing. */
function macOf(text: string): Buffer {
  return Buffer.from(text.split(".")[2] ?? "", "base64url");
}

describe("an override token", () => {
  const override: Override = { id: "o-1", agent, release: "2.3.1", session, expiresAt: 600_000 };

  test("is read back until it expires", () => {
    const token = mintOverride(override, 0, secrets);
    expect(readOverride(token, 599_999, secrets)).toEqual(override);
    expect(readOverride(token, 600_000, secrets)).toBeNull();
  });

  test("is nothing to whoever does not know its secret, or to a signed pin's reader", () => {
    expect(readOverride(mintOverride(override, 0, ["b".repeat(32)]), 1, secrets)).toBeNull();
    expect(readOverride(signed, 1, secrets)).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => readOverride(text, 1, secrets) === null));
  });

  test.each([0, -1, LONGEST_OVERRIDE_MS + 1, Number.NaN])("is not made for %s ms", (ttlMs) => {
    expect(() => mintOverride({ ...override, expiresAt: ttlMs }, 0, secrets)).toThrow(RoutingError);
  });
});

describe("the secrets of a file", () => {
  test("are its lines without comments, the newest first", () => {
    const text = `# rotated in May\r\n${"n".repeat(64)}\n\n  ${"o".repeat(32)}  \n`;
    expect(parsePinSecrets(text)).toEqual(["n".repeat(64), "o".repeat(32)]);
  });

  test.each([
    "",
    "# nothing\n",
    "short",
    `${"x".repeat(32)}\nshort`,
    Array.from({ length: 9 }, () => "x".repeat(32)).join("\n"),
  ])("are refused when unusable, and never told: %#", (text) => {
    expect(() => parsePinSecrets(text)).toThrow(expect.objectContaining({ code: "secret_unusable" }));
    expect(() => parsePinSecrets(text)).not.toThrow(/short|xxx/);
  });
});

describe("what a strategy made of a session", () => {
  const rollout = parseRolloutId("support-2-3-1");
  const targetings: readonly Pin["targeting"][] = [
    { kind: "user", rollout, place: "jwt:sub" },
    { kind: "user", rollout, place: null },
    { kind: "intent", rollout, classifier: "router@7", outcome: "eligible", intent: "refund", confidence: 0.9 },
    { kind: "intent", rollout, classifier: "router@7", outcome: "timeout", intent: null, confidence: null },
  ];
  test.each(targetings)("comes back with its pin: %j", (targeting) => {
    const reading = read(signPin({ ...pin, targeting }, 1000, secrets));
    expect(reading).toMatchObject({ kind: "valid", pin: { targeting } });
  });

  test("is lacking in a pin of an older version, which is read all the same, and one without any looks like it", () => {
    const payload: unknown = JSON.parse(Buffer.from(signed.split(".")[1] ?? "", "base64url").toString());
    expect(payload).toHaveLength(12);
    expect(read(signed)).toMatchObject({ kind: "valid", pin: { targeting: null } });
  });
});
