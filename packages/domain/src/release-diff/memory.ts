import { sameJson, type JsonObject } from "../json-schema/json.ts";
import { checkCompatibility, type MemorySchema } from "../memory/compatibility.ts";
import type { Compatibility, Finding } from "../memory/findings.ts";
import { BREAKS_AGENTS, BREAKS_BOTH, BREAKS_CALLERS, BREAKS_NOBODY, type Change } from "./change.ts";
import { diffJson } from "./diff-json.ts";
import type { MemoryDocument, ReadProto } from "./release-content.ts";
import { fromToWords } from "./words.ts";

export type Memory = { readonly memory: MemoryDocument; readonly proto: ReadProto };

/** What changed about memory: whether each of the two can read what the other wrote, and where it is kept. */
export function diffMemories(before: Memory, after: Memory): readonly Change[] {
  return [
    ...diffSchemas(before, after),
    ...diffStores("store", before.memory.store, after.memory.store),
    ...diffStores("vectorStore", before.memory.vectorStore ?? null, after.memory.vectorStore ?? null),
    ...diffTranslators(before.memory.translators ?? [], after.memory.translators ?? []),
  ];
}

function diffSchemas(before: Memory, after: Memory): readonly Change[] {
  if (
    sameJson(before.memory.schema.definition, after.memory.schema.definition) &&
    before.memory.schema.format === after.memory.schema.format
  )
    return [];
  const forward = check(before, after);
  const backward = check(after, before);
  const changes = [
    ...problemsOf(forward).map((finding) => unreadable("forward", finding)),
    ...problemsOf(backward).map((finding) => unreadable("backward", finding)),
    ...backward.notes.map(({ path, message }) => schemaChange(path, `${path}: ${message}`)),
  ];
  const isFine = forward.kind === "compatible" && backward.kind === "compatible";
  return isFine
    ? [schemaChange("$", "schema changed: each of the two releases reads what the other writes"), ...changes]
    : changes;
}

function check(reader: Memory, writer: Memory): Compatibility {
  const [schemas, problems] = [
    [reader, writer].map(schemaOf),
    [reader, writer].flatMap(({ proto }) => unreadableProto(proto)),
  ];
  const [one, other] = schemas;
  if (problems.length > 0 || one === undefined || other === undefined)
    return { kind: "incompatible", problems, notes: [] };
  return checkCompatibility(one, other);
}

function schemaOf({ memory: { schema }, proto }: Memory): MemorySchema {
  if (schema.format !== "protobuf") return { format: schema.format, definition: schema.definition };
  return { format: "protobuf", definition: proto.kind === "read" ? proto.schema : { messages: [], enums: [] } };
}

function unreadableProto(proto: ReadProto): readonly Finding[] {
  return proto.kind === "unreadable" ? [{ path: "$", message: `cannot be told: ${proto.message}` }] : [];
}

function problemsOf(compatibility: Compatibility): readonly Finding[] {
  return compatibility.kind === "compatible" ? [] : compatibility.problems;
}

// What A wrote is input of B; what B writes is output that A reads after a rollback.
function unreadable(direction: "backward" | "forward", { path, message }: Finding): Change {
  const when =
    direction === "forward" ? "cannot be read after a rollback" : "written by the old release cannot be read";
  const breaks = direction === "forward" ? BREAKS_CALLERS : BREAKS_AGENTS;
  return { kind: "unreadable", direction, path, breaks, words: `${when} (${path}: ${message})` };
}

function schemaChange(path: string, words: string): Change {
  return { kind: "memorySchemaChanged", path, breaks: BREAKS_NOBODY, words };
}

type Store = MemoryDocument["store"];
const NAMES = { store: "store", vectorStore: "vector store" } as const;

// What lies in one store is not found in another, in either direction. Parameters may say which one it is.
function diffStores(store: "store" | "vectorStore", before: Store | null, after: Store | null): readonly Change[] {
  const [from, to] = [before?.driver ?? null, after?.driver ?? null];
  if (from !== to) {
    return [
      {
        kind: "storeChanged",
        store,
        from,
        to,
        breaks: from === null ? BREAKS_NOBODY : BREAKS_BOTH,
        words: fromToWords(NAMES[store], from, to),
      },
    ];
  }
  return [...diffAuth(store, before, after), ...diffParameters(store, before, after)];
}

function diffParameters(store: "store" | "vectorStore", before: Store | null, after: Store | null): readonly Change[] {
  const parameters = (one: Store | null): JsonObject => one?.parameters ?? {};
  const name = NAMES[store];
  return diffJson(parameters(before), parameters(after)).map((change) => ({
    kind: "settingChanged",
    ...change,
    path: `${store}.${change.path}`,
    breaks: BREAKS_BOTH,
    words: `${fromToWords(`${name} parameter ${change.path}`, change.from, change.to)}: whether records are still found cannot be told`,
  }));
}

function diffAuth(store: "store" | "vectorStore", before: Store | null, after: Store | null): readonly Change[] {
  const [from, to] = [before?.auth?.ref ?? null, after?.auth?.ref ?? null];
  if (from === to) return [];
  const words = fromToWords(`${NAMES[store]} auth reference`, from, to);
  return [{ kind: "settingChanged", path: `${store}.auth.ref`, from, to, breaks: BREAKS_NOBODY, words }];
}

type Translators = NonNullable<MemoryDocument["translators"]>;

// A translator reads what other releases wrote: without it their records stay, and are no longer read.
function diffTranslators(before: Translators, after: Translators): readonly Change[] {
  const [had, has] = [before, after].map((list) => new Map(list.map((one) => [one.from, one])));
  const sources = [...new Set([...before, ...after].map(({ from }) => from))];
  return sources.flatMap((source) => diffTranslator(source, had?.get(source) ?? null, has?.get(source) ?? null));
}

type Translator = Translators[number];

function diffTranslator(source: string, before: Translator | null, after: Translator | null): readonly Change[] {
  const [from, to] = [before?.module ?? null, after?.module ?? null];
  if (from === to && before?.digest === after?.digest) return [];
  const what = `translator from ${source}`;
  const words = from === to ? `${what} has other contents` : fromToWords(what, from, to);
  const breaks = to === null ? BREAKS_AGENTS : BREAKS_NOBODY;
  return [{ kind: "settingChanged", path: "translators", from, to, breaks, words }];
}
