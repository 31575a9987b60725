import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import {
  anIdentityToken,
  startSigstoreServices,
  type SigstoreClocks,
  type SigstoreServices,
  type TrustedRootJson,
} from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { storeRelease } from "../release-artifact/index.ts";
import { attestRelease } from "./attest-release.ts";
import { readBundle } from "./bundle.ts";
import { findSigner } from "./find-signer.ts";
import { inspectAttached } from "./inspect-attached.ts";
import { createKeylessSigner, type KeylessServices } from "./keyless-signer.ts";
import { signReleaseKeyless } from "./sign-release.ts";
import { formatStatement, SIGN_PREDICATE } from "./statement.ts";
import { readTrustPolicy } from "./trust-policy-file.ts";
import { parseTrustedRoot } from "./trusted-root.ts";
import { verifyRelease } from "./verify-release.ts";

const MINUTE = 60_000;
const LAST_MONTH = new Date(Math.floor(Date.now() / 1000) * 1000 - 30 * 24 * 60 * MINUTE);
const after = (minutes: number): Date => new Date(LAST_MONTH.getTime() + minutes * MINUTE);
const SUPPORT = parseReleaseReference("support@1.0.0");
const STATEMENT = formatStatement(digestOf("x"), { predicateType: SIGN_PREDICATE, predicate: {} });
const ISSUER = "https://ci.example";
const SUBJECT = "https://git.example/acme/support/release.yml@refs/heads/main";
const TOKEN = anIdentityToken({ iss: ISSUER, sub: SUBJECT });

let scratch = "";
let services: SigstoreServices;
const started: SigstoreServices[] = [];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-keyless-"));
  services = await start({ issuedAt: LAST_MONTH, loggedAt: after(1), stampedAt: after(2) });
});
afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  await rm(scratch, { recursive: true, force: true });
});

async function start(clocks: SigstoreClocks): Promise<SigstoreServices> {
  const running = await startSigstoreServices(clocks);
  started.push(running);
  return running;
}

const withLog = ({ url }: SigstoreServices): KeylessServices => ({ fulcioUrl: url, rekorUrl: url, tsaUrl: null });
const withStamp = ({ url }: SigstoreServices): KeylessServices => ({ fulcioUrl: url, rekorUrl: null, tsaUrl: url });
const withBoth = ({ url }: SigstoreServices): KeylessServices => ({ fulcioUrl: url, rekorUrl: url, tsaUrl: url });

/** Who signed, or why nobody knows. */
function verdictOn(bundle: Uint8Array, root: TrustedRootJson): string {
  const reading = readBundle(bundle);
  if (reading.kind === "unreadable") return reading.reason;
  const material = parseTrustedRoot(Buffer.from(JSON.stringify(root)), "the root");
  const signer = findSigner(reading, { keys: [], root: material });
  return signer.kind === "found" ? "good" : signer.reason;
}

function sign(by: KeylessServices): Promise<Uint8Array> {
  return createKeylessSigner(TOKEN, by).sign(STATEMENT);
}

describe("a signature by an identity", () => {
  async function signedRelease(): Promise<ReleaseRegistry> {
    const registry = createMemoryRegistry();
    await storeRelease(registry, aBuiltRelease());
    const signer = createKeylessSigner(TOKEN, withLog(services));
    const signed = await signReleaseKeyless(registry, SUPPORT, { signer, now: LAST_MONTH });
    expect(signed).toMatchObject({ isNew: true, signedBy: `${SUBJECT} (${ISSUER})` });
    return registry;
  }

  async function verified(registry: ReleaseRegistry, signer: string): Promise<readonly string[]> {
    await writeFile(join(scratch, "root.json"), JSON.stringify(services.trustedRoot));
    const rule = `rules: [{ agents: [support], signers: [${signer}] }]`;
    const policy = join(scratch, "policy.yaml");
    await writeFile(policy, `apiVersion: perch.dev/v1\nkind: TrustPolicy\ntrustedRoot: root.json\n${rule}\n`);
    const trust = await readTrustPolicy(policy);
    return (await verifyRelease(registry, SUPPORT, { trust, now: new Date() })).signedBy;
  }

  const identity = (issuer: string, subject: string, more = ""): string =>
    `{ identity: { issuer: "${issuer}", subject: "${subject}" }${more} }`;

  test("admits a release long after its certificate expired", async () => {
    const pattern = "https://git.example/acme/*@refs/heads/main";
    expect(await verified(await signedRelease(), identity(ISSUER, pattern))).toEqual([`${pattern} (${ISSUER})`]);
  });

  test.each([
    ["another issuer", identity("https://ci.example.evil", SUBJECT)],
    ["another subject", identity(ISSUER, "https://git.example/acme/support/*@refs/heads/dev")],
    ["a subject that is only a part of it", identity(ISSUER, "git.example/acme/support/release.yml")],
  ])("does not where the policy names %s", async (_, signer) => {
    await expect(verified(await signedRelease(), signer)).rejects.toMatchObject({
      code: "signature_rejected",
      message: expect.stringContaining(`${SUBJECT} (${ISSUER}) is no signer of support`),
    });
  });

  test("counts by the time that the log proves, not by the time that it is", async () => {
    const registry = await signedRelease();
    const window = (since: Date, until: Date): string =>
      identity(ISSUER, SUBJECT, `, since: "${since.toISOString()}", until: "${until.toISOString()}"`);
    expect(await verified(registry, window(after(1), after(2)))).toHaveLength(1);
    for (const outside of [window(after(-9), after(1)), window(after(2), after(9))]) {
      await expect(verified(registry, outside)).rejects.toMatchObject({
        message: expect.stringContaining(`it signed at ${after(1).toISOString()}`),
      });
    }
  });

  test("under an attestation is listed as trusted, and admits nothing", async () => {
    const registry = createMemoryRegistry();
    await storeRelease(registry, aBuiltRelease());
    const signer = createKeylessSigner(TOKEN, withBoth(services));
    await attestRelease(registry, SUPPORT, { type: "https://acme.example/r", predicate: {}, signer, now: LAST_MONTH });
    await expect(verified(registry, identity(ISSUER, SUBJECT))).rejects.toMatchObject({ code: "unsigned" });
    const trust = await readTrustPolicy(join(scratch, "policy.yaml"));
    const { attestations } = await inspectAttached(registry.repository(SUPPORT.agent), aBuiltRelease().digest, {
      trust,
      now: new Date(),
    });
    expect(attestations).toMatchObject([{ trusted: true, signer: `${SUBJECT} (${ISSUER})` }]);
  });
});

describe("the time of a signature", () => {
  test.each([
    ["a log", withLog],
    ["a timestamp authority", withStamp],
    ["both", withBoth],
  ])("proven by %s within the certificate's ten minutes is good", async (_, by) => {
    const bundle = await sign(by(services));
    const root = by === withStamp ? { ...services.trustedRoot, tlogs: [] } : services.trustedRoot;
    expect(verdictOn(bundle, root)).toBe("good");
  });

  test.each([
    ["a log whose clock is before the certificate", withLog, { loggedAt: after(-5) }],
    ["a log whose clock is behind the certificate", withLog, { loggedAt: after(11) }],
    ["an authority whose clock is before the certificate", withStamp, { stampedAt: after(-5) }],
    ["an authority whose clock is behind the certificate", withStamp, { stampedAt: after(11) }],
    ["a good log and an authority that disagrees", withBoth, { stampedAt: after(11) }],
  ] as const)("proven by %s is refused", async (...[, by, clocks]) => {
    const skewed = await start({ issuedAt: LAST_MONTH, ...clocks });
    const root = by === withStamp ? { ...skewed.trustedRoot, tlogs: [] } : skewed.trustedRoot;
    expect(verdictOn(await sign(by(skewed)), root)).toContain("certificate is not valid or expired");
  });
});

type Entry = { inclusionProof: { checkpoint: object }; inclusionPromise: object; integratedTime: string };
type BundleJson = {
  verificationMaterial: { tlogEntries: Entry[]; certificate: { rawBytes: string }; timestampVerificationData?: object };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
};

describe("a bundle is refused", () => {
  const flipped = (base64: string, position: number): string => {
    const bytes = Buffer.from(base64, "base64");
    bytes[position] = (bytes[position] ?? 0) ^ 0x01;
    return bytes.toString("base64");
  };
  async function altered(by: KeylessServices, change: (bundle: BundleJson) => void): Promise<string> {
    const bundle = JSON.parse(Buffer.from(await sign(by)).toString()) as BundleJson;
    change(bundle);
    return verdictOn(Buffer.from(JSON.stringify(bundle)), services.trustedRoot);
  }
  const entryOf = ({ verificationMaterial }: BundleJson): Entry =>
    verificationMaterial.tlogEntries[0] ?? {
      inclusionProof: { checkpoint: {} },
      inclusionPromise: {},
      integratedTime: "",
    };

  test.each<[string, (bundle: BundleJson) => void, string]>([
    [
      "without any log entry",
      (bundle) => void (bundle.verificationMaterial.tlogEntries = []),
      "expected 1 timestamps, got 0",
    ],
    [
      "without the proof of inclusion",
      (bundle) => Reflect.deleteProperty(entryOf(bundle), "inclusionProof"),
      "no Sigstore bundle",
    ],
    [
      "without the promise that proves the time",
      (bundle) => Reflect.deleteProperty(entryOf(bundle), "inclusionPromise"),
      "expected 1 timestamps, got 0",
    ],
    [
      "with another time",
      (bundle) => void (entryOf(bundle).integratedTime = String(after(2).getTime() / 1000)),
      "inclusion promise could not be verified",
    ],
    [
      "with another checkpoint",
      (bundle) => void (entryOf(bundle).inclusionProof.checkpoint = { envelope: "a\n1\nAAAA\n\n— a AAAAAAAA\n" }),
      "invalid checkpoint signature",
    ],
    [
      "with the entry twice",
      ({ verificationMaterial: material }) => void material.tlogEntries.push(...material.tlogEntries),
      "duplicate",
    ],
    [
      "with one byte of its certificate altered",
      ({ verificationMaterial: { certificate } }) => void (certificate.rawBytes = flipped(certificate.rawBytes, 300)),
      "is not good",
    ],
    [
      "with a certificate that is none",
      ({ verificationMaterial: { certificate } }) => void (certificate.rawBytes = "AAAA"),
      "is not good",
    ],
    [
      "with one byte of its signature altered",
      ({ dsseEnvelope: { signatures } }) => void (signatures[0] = { sig: flipped(signatures[0]?.sig ?? "", 20) }),
      "signature mismatch",
    ],
    [
      "with a payload about another release",
      ({ dsseEnvelope }) =>
        void (dsseEnvelope.payload = formatStatement(digestOf("y"), {
          predicateType: SIGN_PREDICATE,
          predicate: {},
        }).toString("base64")),
      "payload hash mismatch",
    ],
    [
      "with timestamps that are none",
      ({ verificationMaterial }) =>
        void (verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: "AAAA" }] }),
      "is not good",
    ],
  ])("%s", async (_, change, reason) => {
    expect(await altered(withLog(services), change)).toContain(reason);
  });

  test("without a log entry, though a timestamp proves its time, where the root lists a log", async () => {
    expect(await altered(withStamp(services), () => undefined)).toContain("expected 1 tlog entries, got 0");
  });

  test("that another deployment of Sigstore vouches for, in any part", async () => {
    const other = await start({ issuedAt: LAST_MONTH });
    const bundle = await sign(withBoth(services));
    for (const part of ["certificateAuthorities", "timestampAuthorities", "tlogs", "ctlogs"] as const) {
      expect(verdictOn(bundle, { ...services.trustedRoot, [part]: other.trustedRoot[part] })).toContain("is not good");
    }
  });
});

describe("signing fails clearly, and never repeats the token,", () => {
  const failure = async (act: () => Promise<unknown>): Promise<string> => {
    try {
      await act();
      return "no failure";
    } catch (error) {
      return `${String(error)} ${JSON.stringify(error)} ${String(error instanceof Error && error.cause)}`;
    }
  };
  const claims = (value: object): string => `e30.${Buffer.from(JSON.stringify(value)).toString("base64url")}.c2ln`;

  test.each([
    ["", "an identity token that cannot be read"],
    ["hunter2hunter2", "an identity token that cannot be read"],
    ["hunter2.hunter2.hunter2", "an identity token that cannot be read"],
    [claims({ iss: ISSUER }), "an identity token that cannot be read"],
    [claims({ iss: ISSUER, email: "a@b.example" }), "an identity token that cannot be read"],
    ["hunter2".repeat(10_000), "an identity token that cannot be read"],
  ])("for the token %s", async (token, message) => {
    const said = await failure(async () => createKeylessSigner(token, withLog(services)).sign(STATEMENT));
    expect(said).toContain(message);
    expect(said.includes(token) && token !== "").toBe(false);
  });

  test("when a service is not there, or is another one", async () => {
    const nowhere = "http://127.0.0.1:1";
    const dead = { fulcioUrl: nowhere, rekorUrl: nowhere, tsaUrl: null };
    const wrong = { ...withLog(services), rekorUrl: `${services.url}/nothing` };
    for (const by of [dead, wrong]) {
      const said = await failure(() => sign(by));
      expect(said).toContain("ReleaseError: found no signature from http://127.0.0.1");
      expect(said).not.toContain(TOKEN);
    }
  });
});
