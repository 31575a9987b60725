import {
  canonicalJsonBytes,
  COMPONENT_TYPE,
  digestOf,
  parseAgentName,
  type ArchivedFile,
  type Component,
  type ComponentContent,
  type JsonValue,
  type ReadProto,
  type ReleaseContent,
} from "@perch/domain";

export type JsonDocument = Readonly<Record<string, JsonValue>>;
export type ReleaseDraft = {
  readonly agent?: string;
  readonly version?: string;
  readonly model?: JsonDocument;
  readonly prompts?: readonly (readonly [name: string, role: "system" | "task" | "few-shot", text: string])[];
  readonly tools?: Readonly<Record<string, JsonDocument>>;
  readonly memory?: JsonDocument | null;
  readonly proto?: ReadProto;
  readonly image?: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly policy?: JsonDocument;
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const pinned = (bytes: Uint8Array) => ({ size: bytes.length, digest: digestOf(bytes) });
const TOOL = { description: "Pays back.", effect: "write", parameters: { type: "object" } };

/** What a release holds, with one prompt and one tool where nothing else is said. */
export function aReleaseContent(draft: ReleaseDraft = {}): ReleaseContent {
  const components = componentsOf(draft);
  const manifest = {
    apiVersion: "perch.dev/v1",
    kind: "Release",
    agent: parseAgentName(draft.agent ?? "support"),
    version: draft.version ?? "1.0.0",
    components: components.map(({ component }) => component),
  } as const;
  const digest = digestOf(canonicalJsonBytes(manifest));
  return { digest, manifest, components, files: filesOf(draft), proto: draft.proto ?? { kind: "none" } };
}

function componentsOf(draft: ReleaseDraft): readonly ComponentContent[] {
  const { prompts = [["system", "system", "Help.\n"]], tools = { refund: TOOL }, memory = null } = draft;
  return [
    structured("model", draft.model ?? { provider: "openai", name: "small-1" }),
    ...prompts.map(aPrompt),
    ...Object.entries(tools).map(([name, tool]) => aTool(name, { ...TOOL, ...tool })),
    ...(memory === null ? [] : [structured("memory", memory)]),
    anOrchestration(draft),
    structured("policy", draft.policy ?? { escalationTools: [], successTools: [] }),
  ];
}

function filesOf({ files = {}, links = {} }: ReleaseDraft): readonly ArchivedFile[] {
  return [
    ...Object.entries(files).map(([path, content]): ArchivedFile => ({
      kind: "file",
      path,
      bytes: typeof content === "string" ? encode(content) : content,
    })),
    ...Object.entries(links).map(([path, target]): ArchivedFile => ({ kind: "link", path, target })),
  ];
}

function aPrompt([name, role, text]: NonNullable<ReleaseDraft["prompts"]>[number]): ComponentContent {
  const bytes = encode(text);
  return { component: { kind: "prompt", name, role, mediaType: COMPONENT_TYPE.prompt, ...pinned(bytes) }, bytes };
}

function structured(kind: "model" | "memory" | "policy", value: JsonDocument): ComponentContent {
  const bytes = canonicalJsonBytes(value);
  return { component: structuredComponent(kind, pinned(bytes)), bytes };
}

function structuredComponent(kind: "model" | "memory" | "policy", pin: ReturnType<typeof pinned>): Component {
  switch (kind) {
    case "model":
      return { kind, name: kind, mediaType: COMPONENT_TYPE.model, ...pin };
    case "memory":
      return { kind, name: kind, mediaType: COMPONENT_TYPE.memory, ...pin };
    case "policy":
      return { kind, name: kind, mediaType: COMPONENT_TYPE.policy, ...pin };
  }
}

function aTool(name: string, tool: JsonDocument): ComponentContent {
  const bytes = encode(JSON.stringify({ name, ...tool }));
  const effect = tool["effect"] === "read" ? "read" : "write";
  return { component: { kind: "tool", name, effect, mediaType: COMPONENT_TYPE.tool, ...pinned(bytes) }, bytes };
}

function anOrchestration({ image, files = {}, links = {} }: ReleaseDraft): ComponentContent {
  const framework = { name: "ai", version: "7.0.0" };
  const bytes = encode(
    JSON.stringify([image, Object.entries(files).map(([path, content]) => [path, String(content)]), links]),
  );
  const base = { kind: "orchestration", name: "orchestration", framework, ...pinned(bytes) } as const;
  const component: Component =
    image === undefined
      ? { ...base, form: "directory", entrypoint: "main.mjs", mediaType: COMPONENT_TYPE.orchestrationDirectory }
      : { ...base, form: "image", image, mediaType: COMPONENT_TYPE.orchestrationImage };
  return { component, bytes };
}
