import { Readable } from "node:stream";
import { ReleaseError } from "@perch/domain";
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type GetObjectCommandOutput,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { awsFailureOf, awsReleaseError } from "./aws-error.ts";
import type { Bucket, CopySource, NewObject, ReadObject, WriteCondition, WriteOutcome } from "./bucket.ts";
import type { S3Location } from "./s3-location.ts";

const CONNECT_MS = 5_000;
const IDLE_MS = 30_000;
// 1000 names each.
const MAX_PAGES = 1_000;

type Client = { readonly s3: S3Client; readonly Bucket: string };

/** A bucket of AWS or of a server that speaks as S3 does. What may pass by itself, the SDK tries three times. */
export function openAwsBucket(location: S3Location, idleMs = IDLE_MS): Bucket {
  const client = { s3: createClient(location, idleMs), Bucket: location.bucket };
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw error instanceof ReleaseError ? error : awsReleaseError(error, location);
    }
  };
  return {
    read: (key, limit) => told(read(client, key, limit)),
    size: (key) => told(size(client, key)),
    write: (key, object, condition) => told(write({ ...client, Key: key }, object, condition)),
    copy: (key, from) => told(copy(client, key, from)),
    folders: (prefix) => told(folders(client, prefix)),
  };
}

function createClient({ endpoint, region, isPathStyle }: S3Location, idleMs: number): S3Client {
  return new S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: isPathStyle,
    // Some servers refuse the checksums that the SDK would add on its own; digests are checked here anyway.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: idleMs },
  });
}

async function read({ s3, Bucket }: Client, Key: string, limit: number): Promise<ReadObject | null> {
  try {
    return await readObject(await s3.send(new GetObjectCommand({ Bucket, Key })), limit);
  } catch (error) {
    if (awsFailureOf(error).code === "NoSuchKey") return null;
    throw error;
  }
}

async function readObject({ Body, ETag }: GetObjectCommandOutput, limit: number): Promise<ReadObject> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> = Body instanceof Readable ? Body : Readable.from([]);
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop ends the download.
    if (length > limit) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, limit + 1), etag: ETag ?? "" };
}

async function size({ s3, Bucket }: Client, Key: string): Promise<number | null> {
  try {
    return (await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength ?? 0;
  } catch (error) {
    // An answer to HEAD has no body that could tell a missing key from a missing bucket; writing will.
    if (awsFailureOf(error).status === 404) return null;
    throw error;
  }
}

async function write(
  { s3, Bucket, Key }: Client & { readonly Key: string },
  { bytes, mediaType }: NewObject,
  condition: WriteCondition,
): Promise<WriteOutcome> {
  const object = { Bucket, Key, Body: bytes, ContentLength: bytes.length, ContentType: mediaType };
  try {
    await s3.send(new PutObjectCommand({ ...object, ...headersOf(condition) }));
    return "written";
  } catch (error) {
    const outcome = condition.kind === "none" ? null : unwritten(error);
    if (outcome !== null) return outcome;
    throw error;
  }
}

function headersOf(condition: WriteCondition): Pick<PutObjectCommandInput, "IfMatch" | "IfNoneMatch"> {
  switch (condition.kind) {
    case "none":
      return {};
    case "isAbsent":
      return { IfNoneMatch: "*" };
    case "isUnchanged":
      return { IfMatch: condition.etag };
  }
}

// S3: 412 when the condition does not hold, 409 when another write was under way, 404 `NoSuchKey` when the object that was
// to be unchanged is gone. Servers without conditions: 501, or 400 for a header that they do not know.
function unwritten(error: unknown): Exclude<WriteOutcome, "written"> | null {
  const { status, code } = awsFailureOf(error);
  if (status === 412 || status === 409 || code === "NoSuchKey") return "conflict";
  return status === 501 || (status === 400 && code === "InvalidArgument") ? "unsupported" : null;
}

async function copy({ s3, Bucket }: Client, Key: string, from: CopySource): Promise<boolean> {
  const CopySource = [from.bucket, ...from.key.split("/")].map(encodeURIComponent).join("/");
  try {
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, CopySourceIfMatch: from.etag }));
    return true;
  } catch (error) {
    const { status } = awsFailureOf(error);
    if (status !== null && (status < 500 || status === 501)) return false;
    throw error;
  }
}

async function folders({ s3, Bucket }: Client, Prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  let more: { readonly ContinuationToken?: string } = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, Delimiter: "/", ...more }));
    for (const { Prefix: folder = "" } of listed.CommonPrefixes ?? []) names.push(folder.slice(Prefix.length, -1));
    if (listed.IsTruncated !== true || listed.NextContinuationToken === undefined) return names;
    more = { ContinuationToken: listed.NextContinuationToken };
  }
  throw new ReleaseError({
    code: "registry_refused",
    message: `found more than ${MAX_PAGES} pages of names under ${Prefix}, expected a list that ends`,
    hint: "name the agent, or keep releases under a prefix of their own",
  });
}
