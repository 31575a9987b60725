import { ReleaseError } from "@perch/domain";

export function invalidKey(...[found, expected, hint, cause]: [string, string, string, unknown?]): ReleaseError {
  return new ReleaseError({ code: "key_invalid", message: `found ${found}, expected ${expected}`, hint, cause });
}
