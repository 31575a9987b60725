import { resolve } from "node:path";
import type { ReleaseRegistry } from "@perch/domain";
import { createDirectoryRegistry } from "../oci-layout/index.ts";

/** The registry at a location, as `--registry` names it: the path of an OCI image layout directory. */
export function openRegistry(location: string): ReleaseRegistry {
  return createDirectoryRegistry(resolve(location));
}
