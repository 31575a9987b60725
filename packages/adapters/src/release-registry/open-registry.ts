import { resolve } from "node:path";
import { ReleaseError, type ReleaseRegistry } from "@perch/domain";
import { createDirectoryRegistry } from "../oci-layout/index.ts";
import { createCredentialSource, createOciRegistry, isOciLocation, parseOciLocation } from "../oci-registry/index.ts";
import { createS3Registry, parseS3Location } from "../s3/index.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The registry at a location, as `--registry` names it: `oci://HOST/PREFIX`, `s3://BUCKET/PREFIX?endpoint=URL`, or the
 * path of an OCI image layout directory. Credentials come from `env`, and from the files that it points to; those of a
 * bucket are found by the AWS SDK in its own environment. Throws `ReleaseError` `reference_malformed` for any other location.
 */
export function openRegistry(location: string, env: Env): ReleaseRegistry {
  if (isOciLocation(location)) {
    const { origin, path } = parseOciLocation(location);
    return createOciRegistry({ origin, prefix: path, credentials: createCredentialSource(env) });
  }
  if (location.startsWith("s3://")) return createS3Registry(parseS3Location(location, env));
  if (hasScheme(location)) throw unknownScheme(location);
  return createDirectoryRegistry(resolve(location));
}

/** A location for somebody who is elsewhere: a directory's whole path, any other as it is. */
export function fullLocation(location: string): string {
  return hasScheme(location) ? location : resolve(location);
}

function hasScheme(location: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
}

function unknownScheme(location: string): ReleaseError {
  return new ReleaseError({
    code: "reference_malformed",
    message: `found a location that begins with ${location.slice(0, location.indexOf("://") + 3)}, expected oci://, s3:// or a directory's path`,
    hint: "a registry of container images is named by oci://HOST/PREFIX, a bucket by s3://BUCKET/PREFIX",
  });
}
