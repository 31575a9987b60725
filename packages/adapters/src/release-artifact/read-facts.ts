import {
  canonicalJson,
  digestOf,
  parseModel,
  parseOciManifest,
  parseReleaseManifest,
  parseTool,
  type ComponentContent,
  type DeclaredTool,
  type ReleaseFacts,
  type ReleaseFactsSource,
  type ReleaseRegistry,
} from "@perch/domain";
import { findRelease } from "./find-release.ts";
import { readBlobPart, readManifestPart } from "./open-release.ts";

/** Reads the facts of releases of a registry: see the port. */
export function createReleaseFactsSource(registry: ReleaseRegistry): ReleaseFactsSource {
  return {
    async read(reference) {
      const { repository, descriptor } = await findRelease(registry, reference);
      const oci = parseOciManifest(
        await readManifestPart(repository, descriptor, "the OCI manifest"),
        "the OCI manifest",
      );
      const manifest = parseReleaseManifest(await readBlobPart(repository, oci.config, "the release manifest"));
      const telling = manifest.components.filter(({ kind }) => kind === "model" || kind === "tool");
      const contents: ComponentContent[] = [];
      for (const component of telling) {
        const bytes = await readBlobPart(repository, component, `component ${component.kind} "${component.name}"`);
        contents.push({ component, bytes });
      }
      return factsOf(descriptor.digest, contents);
    },
  };
}

function factsOf(digest: ReleaseFacts["digest"], contents: readonly ComponentContent[]): ReleaseFacts {
  const models = contents.filter(({ component }) => component.kind === "model").map(parseModel);
  const tools = contents.filter(({ component }) => component.kind === "tool").map(toDeclaredTool);
  return { digest, model: models[0] ?? null, tools };
}

function toDeclaredTool(content: ComponentContent): DeclaredTool {
  const { parameters, effect, lifecycle: { cancel = null, transfer = null } = {} } = parseTool(content);
  const parametersDigest = digestOf(canonicalJson(parameters));
  return { name: content.component.name, parameters, parametersDigest, effect, lifecycle: { cancel, transfer } };
}
