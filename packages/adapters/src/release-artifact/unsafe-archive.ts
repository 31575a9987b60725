import { ReleaseError } from "@perch/domain";

export function unsafeArchive(found: string, cause?: unknown): ReleaseError {
  return new ReleaseError({
    code: "layout_invalid",
    message: `found ${found} in the orchestration archive, expected files and links inside it, packed by perch`,
    hint: "build the release again with `perch release build`",
    cause,
  });
}
