import { ReleaseError } from "@perch/domain";

/** Where in which bucket releases lie; without credentials, which the SDK finds by itself. */
export type S3Location = {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  /** Null: what the SDK finds in its own configuration, else AWS. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** `ENDPOINT/BUCKET/KEY`, as servers other than AWS want it, instead of `BUCKET.ENDPOINT/KEY`. */
  readonly isPathStyle: boolean;
};

type Environment = Readonly<Record<string, string | undefined>>;

const SYNTAX = "s3://BUCKET/PREFIX?endpoint=URL&region=REGION";
// The names that S3 allows now, and underscores and capitals, which old buckets have.
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
const REGION = /^[A-Za-z0-9-]{1,64}$/;
// Leaves room below S3's 1024 bytes for what comes after it.
const MAX_PREFIX_BYTES = 700;

/** Throws `ReleaseError` `reference_malformed`, which never repeats what may be a secret. */
export function parseS3Location(text: string, env: Environment): S3Location {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "s3:") throw malformed("a location that cannot be read");
  if (url.username !== "" || url.password !== "") throw malformed("credentials in the location");
  if (url.port !== "" || !BUCKET.test(url.hostname)) throw malformed(`the bucket ${JSON.stringify(url.host)}`);
  if (url.hash !== "") throw malformed("a fragment (#…)");
  const { endpoint, region } = parseQuery(url.searchParams);
  const isElsewhere = endpoint !== null || isSet(env["AWS_ENDPOINT_URL_S3"]) || isSet(env["AWS_ENDPOINT_URL"]);
  return { bucket: url.hostname, prefix: parsePrefix(url.pathname), endpoint, region, isPathStyle: isElsewhere };
}

/** `s3://BUCKET/PREFIX`, as a person would write it. */
export function formatS3Location({ bucket, prefix }: Pick<S3Location, "bucket" | "prefix">): string {
  return `s3://${[bucket, prefix].filter((part) => part !== "").join("/")}`;
}

function parsePrefix(pathname: string): string {
  const segments = decode(pathname)
    .split("/")
    .filter((segment) => segment !== "");
  const prefix = segments.join("/");
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const isPlain = segments.every((segment) => !/^\.\.?$|[\u0000-\u001f\u007f]/.test(segment));
  if (isPlain && Buffer.byteLength(prefix) <= MAX_PREFIX_BYTES) return prefix;
  throw malformed(`the prefix ${JSON.stringify(prefix.slice(0, 100))}`);
}

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw malformed("a prefix that is no percent-encoded text");
  }
}

function parseQuery(query: URLSearchParams): Pick<S3Location, "endpoint" | "region"> {
  const names = [...query.keys()];
  const surplus = names.find((name, index) => !["endpoint", "region"].includes(name) || names.indexOf(name) !== index);
  if (surplus !== undefined) throw malformed(`the parameter ${JSON.stringify(surplus.slice(0, 40))}`);
  const region = query.get("region");
  if (region !== null && !REGION.test(region)) throw malformed(`the region ${JSON.stringify(region.slice(0, 40))}`);
  const endpoint = query.get("endpoint");
  return { region, endpoint: endpoint === null ? null : parseEndpoint(endpoint) };
}

function parseEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw malformed("an endpoint that is no http(s) URL");
  if (url.username !== "" || url.password !== "") throw malformed("credentials in the endpoint");
  if (url.search !== "" || url.hash !== "") throw malformed("an endpoint with a query or a fragment");
  return url.href;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function malformed(found: string): ReleaseError {
  return new ReleaseError({
    code: "reference_malformed",
    message: `found ${found}, expected a registry as ${SYNTAX}`,
    hint: "endpoint and region may be left out; credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
  });
}
