import { RELEASE_LIMITS } from "@perch/domain";
import type { ArchiveEntry } from "./archive-entry.ts";
import { unsafeArchive } from "./unsafe-archive.ts";

const BLOCK = 512;
const MAX_PAX_BYTES = 16 * 1024;

type Header = { readonly type: string; readonly name: string; readonly linkname: string; readonly size: number };

/**
 * The entries of a POSIX tar archive, without a copy of their bytes. Only what Perch packs is known: files, symbolic
 * links, and pax headers for long names. Throws `ReleaseError` `layout_invalid` for anything else, at once: nothing is
 * ever allocated by what a header claims.
 */
export function readTar(bytes: Uint8Array): readonly ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  let names: PaxNames = {};
  for (let at = 0; !isEnd(bytes, at);) {
    const header = readHeader(bytes, at);
    const start = at + BLOCK;
    if (header.size > bytes.length - start)
      throw unsafeArchive(`an entry ${quote(header.name)} that is longer than the archive`);
    const content = bytes.subarray(start, start + header.size);
    at = start + Math.ceil(header.size / BLOCK) * BLOCK;
    if (header.type === "x") {
      names = readPaxNames(content, names);
      continue;
    }
    entries.push(
      entryOf({ ...header, name: names.path ?? header.name, linkname: names.linkpath ?? header.linkname }, content),
    );
    names = {};
    if (entries.length > RELEASE_LIMITS.archiveEntries) {
      throw unsafeArchive(`more than ${RELEASE_LIMITS.archiveEntries} entries`);
    }
  }
  return entries;
}

// Two blocks of zeros; what lies behind them is for the caller to judge.
function isEnd(bytes: Uint8Array, at: number): boolean {
  if (at + BLOCK > bytes.length) throw unsafeArchive("no end");
  return bytes.subarray(at, at + 2 * BLOCK).every((byte) => byte === 0);
}

function entryOf(header: Header, content: Uint8Array): ArchiveEntry {
  const { type, name, linkname } = header;
  if (type === "0") return { kind: "file", path: name, bytes: content };
  if (type === "2" && content.length === 0) return { kind: "link", path: name, target: linkname };
  throw unsafeArchive(`${KINDS[type] ?? `an entry of type ${quote(type)}`} ${quote(name)}`);
}

const KINDS: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a link with contents",
  "3": "a device",
  "4": "a device",
  "5": "a directory",
  "6": "a pipe",
  "7": "a contiguous file",
  g: "a global header",
  K: "a long name in GNU's way",
  L: "a long name in GNU's way",
  S: "a sparse file",
};

function readHeader(bytes: Uint8Array, at: number): Header {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset + at, BLOCK);
  if (block.toString("latin1", 257, 265) !== "ustar\u000000")
    throw unsafeArchive("bytes that are no POSIX tar archive");
  if (octal(block, 148, 8) !== checksum(block)) throw unsafeArchive("a header with a wrong checksum");
  const [name, prefix] = [text(block, 0, 100), text(block, 345, 155)];
  return {
    type: String.fromCharCode(block[156] ?? 0),
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkname: text(block, 157, 100),
    size: octal(block, 124, 12),
  };
}

function octal(block: Buffer, at: number, length: number): number {
  const digits = /^([0-7]{1,11})[\0 ]+$/.exec(block.toString("latin1", at, at + length))?.[1];
  // Also GNU's binary numbers, negative ones among them.
  if (digits === undefined) throw unsafeArchive("a header with a number that is not octal");
  return Number.parseInt(digits, 8);
}

function checksum(block: Buffer): number {
  // The field of the checksum itself counts as spaces.
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return utf8(end < 0 ? field : field.subarray(0, end));
}

type PaxNames = { readonly path?: string; readonly linkpath?: string };

/** Records of the form `LENGTH name=value\n`, in which the length counts itself. */
function readPaxNames(content: Uint8Array, before: PaxNames): PaxNames {
  if (Object.keys(before).length > 0) throw unsafeArchive("two pax headers for one entry");
  if (content.length > MAX_PAX_BYTES) throw unsafeArchive("a pax header of unusual length");
  const names: Record<string, string> = {};
  for (let rest = Buffer.from(content); rest.length > 0;) {
    const length = Number(/^(\d{1,5}) /.exec(rest.toString("latin1", 0, 8))?.[1] ?? 0);
    const record = utf8(rest.subarray(0, length));
    const [, name, value] = /^\d+ (path|linkpath)=([^\0]+)\n$/.exec(record) ?? [];
    if (length > rest.length || name === undefined || value === undefined || Object.hasOwn(names, name)) {
      throw unsafeArchive("a pax header that says more than a name");
    }
    names[name] = value;
    rest = rest.subarray(length);
  }
  return names;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unsafeArchive("a name that is not UTF-8", cause);
  }
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}
