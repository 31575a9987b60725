import { resolve } from "node:path";
import type { ReleaseRegistry } from "@perch/domain";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { createS3Registry, parseS3Location } from "../s3/index.ts";

/**
 * The registry at a location, as `--registry` names it: the path of an OCI image layout directory, or
 * `s3://BUCKET/PREFIX?endpoint=URL&region=REGION`. The AWS SDK finds the credentials in its own environment.
 */
export function openRegistry(
  location: string,
  env: Readonly<Record<string, string | undefined>> = {},
): ReleaseRegistry {
  if (location.startsWith("s3://")) return createS3Registry(parseS3Location(location, env));
  return createDirectoryRegistry(resolve(location));
}
