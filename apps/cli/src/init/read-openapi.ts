import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { readYaml } from "@perch/adapters/yaml";
import { isJsonObject, parseJsonValue, type JsonObject } from "./json-object.ts";
import type { OpenApiSource } from "./openapi-source.ts";

const MOST_BYTES = 32 * 1024 * 1024;
const MOST_DOCUMENTS = 200;
const DOCUMENT_LIMITS = { depth: 200, nodes: 5_000_000 };
const TIMEOUT_MS = 30_000;

/**
 * Reads an OpenAPI document and the documents that it refers to: files in its own directory, or pages of its own host.
 * What lies elsewhere is not read, and refused only where a tool needs it. Throws `CliError` `input_invalid`.
 */
export async function readOpenApi(fileOrUrl: string): Promise<OpenApiSource> {
  const isRemote = /^https?:\/\//i.test(fileOrUrl);
  const root = isRemote ? remoteRoot(fileOrUrl) : pathToFileURL(resolve(fileOrUrl));
  const document = await readDocument(root, root);
  const documents = new Map([[root.href, document]]);
  const refused = new Map<string, string>();
  if (refersElsewhere(document)) await readReferenced({ root, documents, refused });
  return { root: root.href, documents, refused };
}

function remoteRoot(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") {
    throw new CliError({
      code: "input_invalid",
      message: "found a URL of an OpenAPI document that cannot be used, expected one without user and password",
      hint: "download the document and give the file: --tools-from-openapi FILE",
    });
  }
  url.hash = "";
  return url;
}

type Reading = {
  readonly root: URL;
  readonly documents: Map<string, JsonValue>;
  readonly refused: Map<string, string>;
};

async function readReferenced({ root, documents, refused }: Reading): Promise<void> {
  const { $RefParser } = await import("@apidevtools/json-schema-ref-parser");
  const ownHost = new URL("http://document.invalid/");
  // The library keeps the paths of files in a form of its own. Under a host of http they are URLs like all others.
  const disguised = root.protocol === "file:" ? new URL(root.pathname, ownHost) : root;
  const undisguised = (url: string): URL => {
    const found = new URL(url);
    return root.protocol === "file:" && found.host === ownHost.host ? pathOf(found) : found;
  };
  async function read(file: { readonly url: string }): Promise<JsonObject> {
    const url = undisguised(file.url);
    try {
      if (documents.size >= MOST_DOCUMENTS)
        throw notRead(url, { expected: `no more than ${MOST_DOCUMENTS} documents` });
      const document = await readDocument(url, root);
      documents.set(url.href, document);
      // The library takes an empty document for a failure; there is nothing in it to follow.
      return isJsonObject(document) ? { document } : NOTHING_TO_FOLLOW;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      refused.set(url.href, error.message);
      return NOTHING_TO_FOLLOW;
    }
  }
  const asRead = { order: 1, canParse: true, parse: ({ data }: { data: unknown }) => data };
  // What cannot be followed is missing from the documents, and refused by whoever needs it.
  await $RefParser
    .resolve(disguised.href, structuredClone(documents.get(root.href)), {
      continueOnError: true,
      resolve: { file: false, http: false, document: { order: 1, canRead: true, read } },
      parse: { json: false, yaml: false, text: false, binary: false, document: asRead },
    })
    .catch(() => null);
}

const NOTHING_TO_FOLLOW: JsonObject = { title: "nothing to follow" };

function pathOf(url: URL): URL {
  return new URL(`file://${url.pathname}`);
}

function refersElsewhere(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(refersElsewhere);
  if (!isJsonObject(value)) return false;
  const { $ref } = value;
  if (typeof $ref === "string" && !$ref.startsWith("#")) return true;
  return Object.values(value).some(refersElsewhere);
}

async function readDocument(url: URL, root: URL): Promise<JsonValue> {
  const isOwn = url.protocol === root.protocol && (url.protocol === "file:" || url.origin === root.origin);
  if (!isOwn) throw notRead(url, { expected: "a document of the same host or directory" });
  const text = url.protocol === "file:" ? await readLocal(url, root) : await readRemote(url);
  return parseDocument(text, url);
}

async function readLocal(url: URL, root: URL): Promise<string> {
  const path = fileURLToPath(url);
  const real = await realpath(path).catch(() => null);
  const status = real === null ? null : await stat(real);
  if (real === null || status?.isFile() !== true) throw notRead(url, { found: "no file ", expected: "one" });
  const way = relative(await realpath(dirname(fileURLToPath(root))), real);
  // The document itself may be a link; what it refers to lies beside it or below.
  const isOutside = way === ".." || way.startsWith(`..${sep}`) || resolve(way) === way;
  if (isOutside && url.href !== root.href) throw notRead(url, { expected: "a file in the directory of the document" });
  if (status.size > MOST_BYTES)
    throw notRead(url, { found: `${status.size} bytes in `, expected: `at most ${MOST_BYTES}` });
  return readFile(real, "utf8");
}

async function readRemote(url: URL): Promise<string> {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status !== 200) throw notRead(url, { found: `status ${response.status} at `, expected: "200" });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw notRead(url, { expected: `at most ${MOST_BYTES} bytes` });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw notRead(url, { found: "no answer from ", expected: `one (${reason})`, cause });
  }
}

function parseDocument(text: string, url: URL): JsonValue {
  const json = parseJson(text);
  if (json !== undefined) return parseJsonValue(json, url.href, DOCUMENT_LIMITS);
  const yaml = readYaml(text);
  if (yaml.kind === "read") return parseJsonValue(yaml.value, url.href, DOCUMENT_LIMITS);
  throw new CliError({
    code: "input_invalid",
    message: `found neither JSON nor YAML at ${url.href}, expected an OpenAPI document`,
    hint: "correct the lines above",
    problems: yaml.problems,
  });
}

function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // YAML may begin with a brace too, and its parser says where the mistake is.
    return undefined;
  }
}

function notRead(url: URL, what: { found?: string; expected: string; cause?: unknown }): CliError {
  const place = url.protocol === "file:" ? fileURLToPath(url) : url.href;
  return new CliError({
    code: "input_invalid",
    message: `found ${what.found ?? ""}${place}, expected ${what.expected}`,
    hint: "give the OpenAPI document's file or its final URL; what it refers to must lie beside it",
    cause: what.cause,
  });
}
