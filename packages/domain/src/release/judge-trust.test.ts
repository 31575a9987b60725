import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAgentName } from "../routing/ids.ts";
import {
  judgeTrust,
  type GoodSignature,
  type TrustedSigner,
  type TrustPolicy,
  type TrustVerdict,
} from "./judge-trust.ts";
import { matchesPattern } from "./matches-pattern.ts";

const SUPPORT = parseAgentName("support");
const NOW = Date.parse("2026-06-01T00:00:00Z");
const OPEN = { since: null, until: null };

function aKey(letter: string, more: Partial<TrustedSigner> = {}): TrustedSigner {
  return { kind: "key", name: letter, keyId: letter.repeat(64), ...OPEN, ...more } as TrustedSigner;
}
function byKey(letter: string): GoodSignature {
  return { kind: "key", keyId: letter.repeat(64) };
}
function anIdentity(
  subject: string,
  window: Partial<typeof OPEN> | { since?: number; until?: number } = {},
): TrustedSigner {
  return { kind: "identity", issuer: "https://issuer.example", subject, ...OPEN, ...window };
}
function byIdentity(
  subject: string,
  signedAt: readonly number[] = [NOW],
  issuer = "https://issuer.example",
): GoodSignature {
  return { kind: "identity", issuer, subject, signedAt };
}
function aPolicy(signers: readonly TrustedSigner[], { required = 1, agents = ["*"] } = {}): TrustPolicy {
  return { rules: [{ agents, required, signers }] };
}
function judge(policy: TrustPolicy, signatures: readonly GoodSignature[]): TrustVerdict {
  return judgeTrust(policy, signatures, { agent: SUPPORT, now: NOW });
}

describe("a release is accepted", () => {
  test("when one of several keys signed, which is named", () => {
    expect(judge(aPolicy([aKey("a"), aKey("b")]), [byKey("c"), byKey("b")])).toEqual({
      kind: "accepted",
      signedBy: ["b (bbbbbbbbbbbbbbbb)"],
    });
  });

  test("when as many distinct signers as required did", () => {
    const policy = aPolicy([aKey("a"), anIdentity("*@acme.example")], { required: 2 });
    expect(judge(policy, [byKey("a"), byIdentity("eve@acme.example")])).toMatchObject({ kind: "accepted" });
  });

  test("when an identity signed while it counted, though it no longer does", () => {
    const policy = aPolicy([anIdentity("eve@acme.example", { until: NOW - 1 })]);
    expect(judge(policy, [byIdentity("eve@acme.example", [NOW - 10])])).toMatchObject({ kind: "accepted" });
  });
});

describe("a release is refused", () => {
  const refused = (policy: TrustPolicy, signatures: readonly GoodSignature[]): string => {
    const verdict = judge(policy, signatures);
    return verdict.kind === "refused" ? verdict.reasons.join("\n") : "accepted";
  };

  test("when no rule names its agent", () => {
    expect(refused(aPolicy([aKey("a")], { agents: ["sales"] }), [byKey("a")])).toContain("found no rule for support");
    expect(refused({ rules: [] }, [byKey("a")])).toContain("found no rule for support");
  });

  test("when the rule of its own name does not list the key that the rule for all lists", () => {
    const rules = [
      { agents: ["*"], required: 1, signers: [aKey("a")] },
      { agents: ["support"], required: 1, signers: [aKey("b")] },
    ];
    expect(refused({ rules }, [byKey("a")])).toContain("key aaaaaaaaaaaaaaaa is no signer of support");
    expect(judge({ rules }, [byKey("b")])).toMatchObject({ kind: "accepted" });
  });

  test("when nobody signed", () => {
    expect(refused(aPolicy([aKey("a")]), [])).toContain("found 0 of 1 required signers, expected 1 of a (aaaa");
  });

  test("when one key signed twice, or is listed twice, where two are required", () => {
    const twice = aPolicy([aKey("a"), aKey("a", { name: "again" }), aKey("b")], { required: 2 });
    expect(refused(twice, [byKey("a"), byKey("a")])).toContain("found 1 of 2 required signers (a (aaaa");
  });

  test("when one identity signed twice by two patterns that it fits, where two are required", () => {
    const both = aPolicy([anIdentity("*@acme.example"), anIdentity("eve@*")], { required: 2 });
    expect(refused(both, [byIdentity("eve@acme.example"), byIdentity("eve@acme.example")])).toContain("found 1 of 2");
  });

  test("when an identity has another issuer, or another subject", () => {
    const policy = aPolicy([anIdentity("*@acme.example")]);
    expect(refused(policy, [byIdentity("eve@acme.example", [NOW], "https://evil.example")])).toContain("is no signer");
    expect(refused(policy, [byIdentity("eve@acme.example.evil.example")])).toContain("is no signer");
  });

  test("when any trusted time of an identity's signature lies outside, or there is none", () => {
    const policy = aPolicy([anIdentity("eve@acme.example", { since: NOW, until: NOW + 10 })]);
    for (const times of [[NOW - 1], [NOW + 10], [NOW, NOW - 1], []]) {
      expect(refused(policy, [byIdentity("eve@acme.example", times)])).toContain(
        "counts from 2026-06-01T00:00:00.000Z",
      );
    }
    expect(judge(policy, [byIdentity("eve@acme.example", [NOW, NOW + 9])])).toMatchObject({ kind: "accepted" });
  });

  test("when a key's time is not now, by the clock of the one who verifies", () => {
    expect(refused(aPolicy([aKey("a", { until: NOW })]), [byKey("a")])).toContain(
      "it is 2026-06-01T00:00:00.000Z here",
    );
    expect(refused(aPolicy([aKey("a", { since: NOW + 1 })]), [byKey("a")])).toContain("counts from");
    expect(judge(aPolicy([aKey("a", { since: NOW, until: NOW + 1 })]), [byKey("a")])).toMatchObject({
      kind: "accepted",
    });
  });
});

test("never accepts fewer distinct keys than required, whatever is listed and signed", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 6 });
  fc.assert(
    fc.property(letters, letters, fc.integer({ min: 1, max: 4 }), (listed, signed, required) => {
      const verdict = judge(
        aPolicy(
          listed.map((letter) => aKey(letter)),
          { required },
        ),
        signed.map(byKey),
      );
      const distinct = new Set(signed.filter((letter) => listed.includes(letter))).size;
      expect(verdict.kind).toBe(distinct >= required ? "accepted" : "refused");
    }),
  );
});

describe("a subject pattern", () => {
  test.each([
    ["a*c", "abc", true],
    ["a*c", "ac", true],
    ["a*c", "abcd", false],
    ["*.yml@refs/heads/*", "x/release.yml@refs/heads/main", true],
    ["a.c", "abc", false],
    ["a?c", "abc", false],
    ["*", "", true],
    ["", "a", false],
    ["*ab*ab", "ababab", true],
  ])("%s fits %s: %s", (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });

  test("agrees with the regular expression that it stands for", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, subject) => {
        const source = pattern
          .split("*")
          .map((part) => part.replaceAll(".", "\\."))
          .join("[^]*");
        expect(matchesPattern(pattern, subject)).toBe(new RegExp(`^${source}$`).test(subject));
      }),
    );
  });

  test("of many stars takes no long time for a subject that does not fit", () => {
    expect(matchesPattern("a*".repeat(500), "a".repeat(1_000).concat("b").repeat(20) + "c")).toBe(true);
    expect(matchesPattern(`${"*a".repeat(500)}b`, "a".repeat(20_000))).toBe(false);
  });
});
