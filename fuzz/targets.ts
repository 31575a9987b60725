import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { packEntries, readArchive } from "@perch/adapters/release-artifact";
import { readYaml } from "@perch/adapters/yaml";
import {
  agentSpecJsonSchema,
  canonicalJson,
  canonicalJsonBytes,
  checkAgentSpec,
  checkSpecFiles,
  checkTrustPolicy,
  digestOf,
  formatReleaseReference,
  parseDigest,
  parseOciIndex,
  parseOciManifest,
  parseReleaseManifest,
  parseReleasePolicy,
  parseReleaseName,
  parseRolloutSpec,
  parseVersionRange,
  readStrictJson,
  ReleaseError,
  RoutingError,
  TelemetryError,
  userText,
  type FileRole,
  type JsonValue,
} from "@perch/domain";
import { parseChallenges } from "../packages/adapters/src/oci-registry/challenge.ts";
import { parseDockerConfig } from "../packages/adapters/src/oci-registry/docker-config.ts";
import { readBundle, signStatement } from "../packages/adapters/src/sigstore/bundle.ts";
import { encryptSigningKey, openSigningKey } from "../packages/adapters/src/sigstore/encrypted-key.ts";
import { findSigner } from "../packages/adapters/src/sigstore/find-signer.ts";
import { generateKeyPair, parseSigningKey, parseTrustedKey } from "../packages/adapters/src/sigstore/key.ts";
import { formatStatement, SIGN_PREDICATE } from "../packages/adapters/src/sigstore/statement.ts";
import { createLinearPattern } from "../packages/domain/src/routing/linear-pattern.ts";
import { UsageError } from "../apps/server/src/options.ts";
import { OTLP_TARGETS } from "./otlp-targets.ts";
import { fixTarChecksum } from "./tar-checksum.ts";
import { TRACE_TARGETS } from "./trace-targets.ts";

export type FuzzTarget = {
  readonly name: string;
  /** Valid inputs. */
  readonly seeds: readonly Uint8Array[];
  /**
   * What was read, written back: read again it has to be written the same. Null when there is nothing to write back, or
   * when the input was refused in a return value. Throws only an error of Perch's own when it refuses.
   */
  readonly read: (input: Buffer) => Uint8Array | null | Promise<Uint8Array | null>;
  /** Makes a mutated input look right again where a checksum would hide the rest of the parser. */
  readonly repair?: (input: Buffer) => Buffer;
};

/** Errors by which parsers refuse. Everything else that they throw is a crash. */
export function isRefusal(error: unknown): boolean {
  return [ReleaseError, RoutingError, TelemetryError, UsageError].some((own) => error instanceof own);
}

type Bundle = {
  readonly agent: JsonValue;
  readonly files: Record<string, string>;
  readonly expected: { readonly ociManifest: string; readonly blobs: Record<string, string> };
};
const FIXTURES = new URL("../packages/domain/src/release/__fixtures__/golden-bundle.json", import.meta.url);
const { bundles } = JSON.parse(readFileSync(FIXTURES, "utf8")) as { bundles: readonly Bundle[] };
const blobs = bundles
  .flatMap(({ expected }) => Object.values(expected.blobs))
  .map((base64) => Buffer.from(base64, "base64"));
const manifests = bundles.map(({ expected }) => Buffer.from(expected.ociManifest, "base64"));
const configs = blobs.filter((blob) => blob.includes('"kind":"Release"'));
const archives = blobs.filter((blob) => blob.includes("ustar"));
const policies = blobs.filter((blob) => blob.includes('"escalationTools"'));
const files = new Map(bundles.flatMap((bundle) => Object.entries(bundle.files)));
const ROLLOUTS = ["2.3.1", "2.3.2"].map((version) =>
  readFileSync(new URL(`../examples/support-agent/rollouts/${version}.yaml`, import.meta.url)),
);
const AGENT = readFileSync(new URL("../examples/support-agent/releases/common/agent.yaml", import.meta.url));

const texts = (...lines: readonly string[]): readonly Buffer[] => lines.map((line) => Buffer.from(line));
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const keyPair = generateKeyPair();
const trusted = [parseTrustedKey(keyPair.publicPem, "fuzz.pub")];
const signingKey = parseSigningKey(keyPair.privatePem, "fuzz.key");
const signed = digestOf("fuzz");
const statement = formatStatement(signed, { predicateType: SIGN_PREDICATE, predicate: {} });

// A new parser of bytes from outside belongs here.
export const TARGETS: readonly FuzzTarget[] = [
  { name: "strict-json", seeds: [...configs, ...manifests, json(agentSpecJsonSchema())], read: readJsonTwice },
  { name: "yaml", seeds: [AGENT, ...ROLLOUTS, ...yamlSeeds()], read: readYamlBack },
  { name: "agent-spec", seeds: [AGENT, ...bundles.map(({ agent }) => json(agent))], read: readAgentSpec },
  { name: "rollout", seeds: [...ROLLOUTS, ...strategies()], read: readRollout },
  { name: "linear-pattern", seeds: texts("refund(s|ed)?|money back", "\\border\\s*#?[0-9]+$"), read: readPattern },
  { name: "user-text", seeds: spoken(), read: (input) => readNothing(userText(input.toString(), undefined)) },
  specFile("tool-schema", "parameters", "tools/refund.json"),
  specFile("openapi", "openapi", "tools/lookup_order.json"),
  specFile("avro", "avro", "memory.avsc"),
  specFile("few-shot", "few-shot", "prompts/examples.jsonl"),
  { name: "release-manifest", seeds: configs, read: (input) => canonicalJsonBytes(parseReleaseManifest(input)) },
  { name: "policy", seeds: policies, read: (input) => json(parseReleasePolicy(input)) },
  { name: "oci-manifest", seeds: manifests, read: (input) => json(parseOciManifest(input, "it")) },
  { name: "oci-index", seeds: [ociIndex()], read: (input) => json(parseOciIndex(input)) },
  {
    name: "reference",
    seeds: texts("support@2.3.1", "support@1.0.0-rc.1+build.7", `support@sha256:${"0f".repeat(32)}`, "support:stable"),
    read: (input) => Buffer.from(formatReleaseReference(parseReleaseName(input.toString()))),
  },
  {
    name: "digest",
    seeds: texts(`sha256:${"0f".repeat(32)}`),
    read: (input) => Buffer.from(parseDigest(input.toString())),
  },
  { name: "version-range", seeds: texts("1.2.3", ">=1.0.0 <2.0.0", "^1.2.3 || ~2.0.0"), read: readVersionRange },
  { name: "archive", seeds: archives, read: readArchiveBack, repair: fixTarChecksum },
  {
    name: "sigstore-bundle",
    seeds: [signStatement(statement, signingKey)],
    read: readSignedBundle,
  },
  { name: "private-key", seeds: texts(keyPair.privatePem, await encryptSigningKey(signingKey, "it")), read: readKey },
  { name: "trust-policy", seeds: [trustPolicy()], read: readTrustPolicy },
  { name: "docker-config", seeds: [dockerConfig()], read: (input) => json(parseDockerConfig(input.toString(), "it")) },
  {
    name: "challenge",
    seeds: texts('Bearer realm="https://registry.example/token",service="r",scope="a:b:pull", Basic realm=x'),
    read: (input) => (parseChallenges(input.toString()).length > 1000 ? input : null),
  },
  ...TRACE_TARGETS,
  ...OTLP_TARGETS,
];

function readJsonTwice(input: Buffer): Uint8Array | null {
  const read = readStrictJson(input.toString());
  if (read.kind === "malformed") return null;
  read.placeOf(["layers", 1, "annotations"]);
  const text = canonicalJson(read.value);
  if (canonicalJson(JSON.parse(input.toString()) as JsonValue) === text) return Buffer.from(text);
  throw new Error("JSON.parse reads another value");
}

function readYamlBack(input: Buffer): Uint8Array | null {
  const read = readYaml(input.toString());
  if (read.kind === "malformed") return null;
  read.placeOf(["spec", "tools", 1, "parameters", "file"]);
  return canonicalJsonBytes((read.value ?? null) as JsonValue);
}

function readAgentSpec(input: Buffer): Uint8Array | null {
  const read = readYaml(input.toString());
  if (read.kind === "malformed") return null;
  const contents = new Map([...files].map(([path, text]) => [path, Buffer.from(text)]));
  for (const { path } of checkSpecFiles(read.value, contents)) read.placeOf(path);
  const checked = checkAgentSpec(read.value);
  if (checked.kind === "valid") return canonicalJsonBytes(checked.spec);
  for (const { path } of checked.problems) read.placeOf(path);
  return null;
}

function readRollout(input: Buffer): Uint8Array | null {
  const read = readYaml(input.toString());
  if (read.kind === "malformed") return null;
  const parsed = parseRolloutSpec(read.value);
  if (parsed.kind === "valid") return canonicalJsonBytes(read.value as JsonValue);
  for (const { path } of parsed.problems) read.placeOf(path);
  return null;
}

/** A file that `agent.yaml` names, read in the role that it has there. */
function specFile(name: string, role: FileRole, file: string): FuzzTarget {
  const named = { file };
  const spec = {
    prompts: [{ role, file: role === "few-shot" ? file : "" }],
    tools: [role === "openapi" ? { openapi: named } : { parameters: role === "parameters" ? named : {} }],
    memory: { schema: { format: role, file: role === "avro" ? file : "" } },
  };
  return {
    name,
    seeds: texts(files.get(file) ?? ""),
    read: (input) => (checkSpecFiles({ spec }, new Map([[file, input]])).length === 0 ? input : null),
  };
}

function readVersionRange(input: Buffer): Uint8Array | null {
  const range = parseVersionRange(input.toString());
  if (range === null) return null;
  const alternatives = range.map((comparators) =>
    comparators.map(({ sign, version }) => `${sign}${version}`).join(" "),
  );
  return Buffer.from(alternatives.join(" || "));
}

async function readArchiveBack(input: Buffer): Promise<Uint8Array> {
  return buffer(packEntries(await readArchive(input)));
}

function readSignedBundle(input: Buffer): Uint8Array | null {
  const read = readBundle(input);
  if (read.kind === "unreadable") return null;
  return findSigner(read, { keys: trusted, root: null }).kind === "found" ? input : null;
}

// Where a password is asked for, the file was read; opening it would cost a tenth of a second each.
async function readKey(input: Buffer): Promise<Uint8Array | null> {
  let isAsked = false;
  const noPassword = async (): Promise<string> => {
    isAsked = true;
    throw new ReleaseError({ code: "key_invalid", message: "no password", hint: "none" });
  };
  try {
    await openSigningKey(input.toString(), "it", noPassword);
  } catch (error) {
    if (!isAsked) throw error;
  }
  return input;
}

function readTrustPolicy(input: Buffer): Uint8Array | null {
  const read = readYaml(input.toString());
  if (read.kind === "malformed") return null;
  const checked = checkTrustPolicy(read.value);
  if (checked.kind === "valid") return canonicalJsonBytes(checked.file);
  for (const { path } of checked.problems) read.placeOf(path);
  return null;
}

function trustPolicy(): Buffer {
  const key = { name: "team", file: "team.pub" };
  const identity = { issuer: "https://issuer.example", subject: "https://code.example/acme/*" };
  const rules = [{ agents: ["support"], required: 2, signers: [{ key, since: "2026-01-01T00:00:00Z" }, { identity }] }];
  return json({ apiVersion: "perch.dev/v1", kind: "TrustPolicy", trustedRoot: "root.json", rules });
}

function dockerConfig(): Buffer {
  const auth = Buffer.from("ci:secret").toString("base64");
  return json({ auths: { "registry.example": { auth } }, credHelpers: { "other.example": "pass" }, credsStore: "x" });
}

function ociIndex(): Buffer {
  const descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: signed, size: 1 };
  return json({
    schemaVersion: 2,
    manifests: [descriptor, { ...descriptor, annotations: { "dev.perch.agent": "a" } }],
  });
}

function yamlSeeds(): readonly Buffer[] {
  return texts(
    "a: &x { b: [1, 2.5, -3e4, true, null, ~] }\nc: *x\nd: |\n  text\n  more\ne: >-\n  folded\n  text\n",
    "- 'it''s'\n- \"a\\n\\u00e9\"\n- ? k\n  : v\n-\n  - nested\n# end\n",
  );
}

/** Rollout files that draw users and intents. */
function strategies(): readonly Buffer[] {
  const intent = `type: intent
    intent:
      include: [refund.*]
      classifier: { name: a, version: "1", rules: [{ intent: refund.a, when: { words: [refund], matches: "a|b" } }] }`;
  const http =
    "{ type: intent, intent: { include: [a], classifier: { name: a, version: b, url: http://c, timeout: 1s } } }";
  return ["{ type: user, userKey: [jwt:sub] }", `\n    ${intent}`, http].map((strategy) => {
    const [first] = ROLLOUTS;
    return Buffer.from((first?.toString() ?? "").replace("{ type: session, seed: auto }", strategy));
  });
}

function spoken(): readonly Buffer[] {
  return [
    { messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }] },
    { params: { message: { parts: [{ kind: "text", text: "hi" }] } } },
    { input: { messages: [{ type: "human", content: "hi" }] } },
  ].map(json);
}

function readPattern(input: Buffer): Uint8Array {
  const pattern = input.toString();
  createLinearPattern(pattern)("where is order #1234, i want my money back");
  return Buffer.from(pattern);
}

/** There is nothing to write back. */
function readNothing(_read: unknown): null {
  return null;
}
