import {
  protobufText,
  ReleaseError,
  type ArchivedFile,
  type ReadProto,
  type ReleaseContent,
  type ReleaseContentSource,
  type ReleaseRegistry,
} from "@perch/domain";
import { openRelease } from "./open-release.ts";
import { readArchive } from "./read-archive.ts";

/** Reads releases of a registry whole: see the port. */
export function createReleaseContentSource(registry: ReleaseRegistry): ReleaseContentSource {
  return {
    async read(reference) {
      return readReleaseContent(await openRelease(registry, reference));
    },
  };
}

type Opened = Pick<ReleaseContent, "digest" | "manifest" | "components">;

/** The release with its archive unpacked and its memory schema read. Throws `ReleaseError` `layout_invalid`. */
export async function readReleaseContent({ digest, manifest, components }: Opened): Promise<ReleaseContent> {
  return { digest, manifest, components, files: await filesOf(components), proto: await protoOf(components) };
}

async function filesOf(components: Opened["components"]): Promise<readonly ArchivedFile[]> {
  const content = components.find(
    ({ component }) => component.kind === "orchestration" && component.form === "directory",
  );
  return content === undefined ? [] : readArchive(content.bytes);
}

// A release may hold a schema that is none: that is for its diff to say.
async function protoOf(components: Opened["components"]): Promise<ReadProto> {
  const text = protobufText(components);
  if (text === null) return { kind: "none" };
  // Loaded when it is needed: it would make every start slower.
  const { parseProto } = await import("../protobuf/index.ts");
  try {
    return { kind: "read", schema: parseProto(text) };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { kind: "unreadable", message: error.message };
  }
}
