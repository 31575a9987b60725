import { ReleaseError } from "@perch/domain";
import { formatS3Location, type S3Location } from "./s3-location.ts";

/** What an S3 server or the SDK says of a failure. */
export type AwsFailure = {
  /** `NoSuchKey`, `ECONNREFUSED`, …; empty when there is no such word. */
  readonly code: string;
  /** Null when there was no answer. */
  readonly status: number | null;
};

type Refusal = { readonly found: string; readonly hint: string };

const NO_BUCKET: Refusal = { found: "no such bucket", hint: "create the bucket, or correct its name or the endpoint" };
const BAD_CREDENTIALS: Refusal = {
  found: "the credentials refused",
  hint: "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
};
const OTHER_REGION: Refusal = {
  found: "the bucket in another region",
  hint: "name the bucket's region: add ?region=… to the location, or set AWS_REGION",
};
const DENIED: Refusal = {
  found: "access denied",
  hint: "the credentials need s3:GetObject, s3:PutObject and s3:ListBucket on the bucket and the prefix",
};
const NO_S3: Refusal = {
  found: "the request refused",
  hint: "is the endpoint an S3 server? It may want another region, bucket or path",
};
// S3's words (API reference, "List of error codes"), the SDK's own, and versitygw's for an access key that it does not know.
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ["NoSuchBucket", NO_BUCKET],
  ["SignatureDoesNotMatch", BAD_CREDENTIALS],
  ["InvalidAccessKeyId", BAD_CREDENTIALS],
  ["XAdminUserNotFound", BAD_CREDENTIALS],
  ["InvalidToken", BAD_CREDENTIALS],
  ["ExpiredToken", BAD_CREDENTIALS],
  ["RequestTimeTooSkewed", { found: "the request refused", hint: "set this machine's clock" }],
  ["PermanentRedirect", OTHER_REGION],
  ["AuthorizationHeaderMalformed", OTHER_REGION],
]);
const NOTHING_SENT: ReadonlyMap<string, Refusal> = new Map([
  [
    "CredentialsProviderError",
    { found: "no credentials", hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" },
  ],
  ["RegionMissing", { found: "no region", hint: "add ?region=… to the location, or set AWS_REGION" }],
  ["ERR_INVALID_URL", { found: "an endpoint that is no URL", hint: "correct AWS_ENDPOINT_URL" }],
]);

export function awsFailureOf(error: unknown): AwsFailure {
  if (!(error instanceof Error)) return { code: "", status: null };
  const metadata = "$metadata" in error ? error.$metadata : null;
  const hasStatus = typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata;
  const status = hasStatus && typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : null;
  return { code: "code" in error && typeof error.code === "string" ? error.code : wordOf(error), status };
}

// A server's word goes into a message for people: only if it is one word.
function wordOf({ name, message }: Error): string {
  if (message === "Region is missing") return "RegionMissing";
  return /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) && name !== "Error" && name !== "Unknown" ? name : "";
}

/** Says what went wrong without repeating what the server answered, nor anything of the request, which is signed. */
export function awsReleaseError(cause: unknown, location: S3Location): ReleaseError {
  const failure = awsFailureOf(cause);
  const words = [failure.status === null ? "" : `HTTP ${failure.status}`, failure.code].filter((word) => word !== "");
  const told = words.length === 0 ? "" : ` (${words.join(", ")})`;
  const place = `${formatS3Location(location)}${location.endpoint === null ? "" : ` at ${location.endpoint}`}`;
  const refusal = refusalOf(failure);
  if (refusal !== null) {
    return new ReleaseError({
      code: "registry_refused",
      message: `found ${refusal.found} for ${place}${told}`,
      hint: refusal.hint,
      cause,
    });
  }
  return new ReleaseError({
    code: "registry_unreachable",
    message: `found no answer for ${place}${told}, expected an S3 server`,
    hint: "check the endpoint and the network, then run it again: only what is missing is sent",
    cause,
  });
}

// Null: nobody answered, or only that they cannot now.
function refusalOf({ code, status }: AwsFailure): Refusal | null {
  if (status === null) return NOTHING_SENT.get(code) ?? null;
  if (status === 429 || (status >= 500 && status !== 501)) return null;
  const known = REFUSALS.get(code);
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) return OTHER_REGION;
  return status === 403 ? DENIED : NO_S3;
}
