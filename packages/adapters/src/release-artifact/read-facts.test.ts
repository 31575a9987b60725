import { canonicalJson, digestOf, parseReleaseReference } from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { expect, test } from "vitest";
import { createMemoryRegistry } from "../in-memory/index.ts";
import { createReleaseFactsSource } from "./read-facts.ts";
import { storeRelease } from "./store-release.ts";

test("the facts of a release are its model and its tools with the schemas of their arguments, and their endpoints", async () => {
  const registry = createMemoryRegistry();
  const cancel = "https://shop.example/cancel";
  const release = aBuiltRelease({ refundLifecycle: { cancel } });
  await storeRelease(registry, release);
  const parameters = { type: "object" };
  const parametersDigest = digestOf(canonicalJson(parameters));
  expect(await createReleaseFactsSource(registry).read(parseReleaseReference("support@1.0.0"))).toEqual({
    digest: release.digest,
    model: { provider: "openai", model: "small-1" },
    tools: [
      { name: "refund", parameters, parametersDigest, effect: "write", lifecycle: { cancel, transfer: null } },
      { name: "escalate", parameters, parametersDigest, effect: "write", lifecycle: { cancel: null, transfer: null } },
    ],
  });
});

test("what a release only consists of, such as its program, is not read", async () => {
  const registry = createMemoryRegistry();
  await storeRelease(registry, aBuiltRelease({ orchestration: new Uint8Array(1_000_000) }));
  let bytes = 0;
  const counting = {
    ...registry,
    repository(agent: Parameters<typeof registry.repository>[0]) {
      const repository = registry.repository(agent);
      return {
        ...repository,
        async readBlob(expected: Parameters<typeof repository.readBlob>[0]) {
          const blob = await repository.readBlob(expected);
          bytes += blob?.length ?? 0;
          return blob;
        },
      };
    },
  };
  await createReleaseFactsSource(counting).read(parseReleaseReference("support@1.0.0"));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(10_000);
});

test("a release that is not there is unknown", async () => {
  const source = createReleaseFactsSource(createMemoryRegistry());
  await expect(source.read(parseReleaseReference("support@9.9.9"))).rejects.toMatchObject({ code: "release_unknown" });
});
