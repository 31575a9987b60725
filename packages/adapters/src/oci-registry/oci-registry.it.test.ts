import { describeReleaseRegistry } from "@perch/testkit";
import { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe } from "vitest";
import { createOciRegistry } from "./oci-registry.ts";

const isMissing = findDockerRegistry() === null;
let server: DockerRegistry;
let count = 0;
beforeAll(async () => {
  if (!isMissing) server = await startDockerRegistry();
});
afterAll(async () => server?.stop());

describe.skipIf(isMissing)("docker-registry", () => {
  describeReleaseRegistry("docker-registry", {
    open: async () => createOciRegistry({ origin: `http://${server.host}`, prefix: `acme/p${(count += 1)}` }),
    race: "one-stands",
  });
});
