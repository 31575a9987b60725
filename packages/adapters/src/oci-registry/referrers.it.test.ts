import { setTimeout as sleep } from "node:timers/promises";
import { parseAgentName, parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { aBuiltRelease, describeReleaseRegistry } from "@perch/testkit";
import {
  findDockerRegistry,
  startDockerRegistry,
  startReferrersProxy,
  type DockerRegistry,
  type HttpServer,
} from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storeRelease } from "../release-artifact/index.ts";
import { generateKeyPair, parseSigningKey, signRelease } from "../sigstore/index.ts";
import { createOciRegistry } from "./oci-registry.ts";

const SUPPORT = parseAgentName("support");
const isMissing = findDockerRegistry() === null;
const why = isMissing ? " (skipped: no docker-registry on the PATH)" : "";

let server: DockerRegistry;
let proxy: HttpServer;
let count = 0;
beforeAll(async () => {
  if (isMissing) return;
  server = await startDockerRegistry();
  proxy = await startReferrersProxy(server.host);
});
afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

function emptyRegistry(): ReleaseRegistry {
  count += 1;
  const prefix = `acme/p${count}`;
  return createOciRegistry({ origin: `http://${proxy.host}`, prefix, sleep: (ms) => sleep(ms / 10) });
}

describe.skipIf(isMissing)(`a registry with the referrers API${why}`, () => {
  describeReleaseRegistry("with the referrers API", { open: async () => emptyRegistry(), race: "one-stands" });

  test("lists what refers to a release by itself: no fallback tag is written", async () => {
    const registry = emptyRegistry();
    const { digest } = await storeRelease(registry, aBuiltRelease());
    const key = parseSigningKey(generateKeyPair().privatePem, "it");
    await signRelease(registry, parseReleaseReference("support@1.0.0"), { key, now: new Date(0) });
    expect(await registry.repository(SUPPORT).referrers(digest)).toHaveLength(1);
    expect(await registry.repository(SUPPORT).readTag(digest.replace(":", "-"))).toBeNull();
  });
});
