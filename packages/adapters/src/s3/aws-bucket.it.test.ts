import { createServer, type RequestListener, type Server } from "node:http";
import { inspect } from "node:util";
import { ReleaseError } from "@perch/domain";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openAwsBucket } from "./aws-bucket.ts";
import type { Bucket } from "./bucket.ts";
import type { S3Location } from "./s3-location.ts";

// Servers that answer what no good S3 server would, or nothing.

const OBJECT = { bytes: Buffer.from("x"), mediaType: "text/plain" };
const IDLE_MS = 150;
let servers: Server[] = [];

beforeEach(() => {
  servers = [];
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIATEST");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter2");
  vi.stubEnv("AWS_SESSION_TOKEN", "token-of-a-session");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function bucketAt(endpoint: string | null, more: Partial<S3Location> = {}): Bucket {
  const location = { bucket: "releases", prefix: "team", endpoint, region: "us-east-1", isPathStyle: true, ...more };
  return openAwsBucket(location, IDLE_MS);
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

function answer(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };
}

function errorBody(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>\u001b[31mloud</Message></Error>`;
}

async function failureOf(work: Promise<unknown>): Promise<ReleaseError> {
  const error: unknown = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ReleaseError)) throw error;
  return error;
}

test.each([
  {
    status: 403,
    body: errorBody("AccessDenied"),
    code: "registry_refused",
    found: "access denied",
    hint: "s3:ListBucket",
  },
  { status: 403, body: '{"error":"json"}', code: "registry_refused", found: "access denied", hint: "s3:GetObject" },
  {
    status: 403,
    body: errorBody("InvalidAccessKeyId"),
    code: "registry_refused",
    found: "credentials refused",
    hint: "AWS_ACCESS_KEY_ID",
  },
  {
    status: 400,
    body: errorBody("ExpiredToken"),
    code: "registry_refused",
    found: "credentials refused",
    hint: "AWS_PROFILE",
  },
  {
    status: 403,
    body: errorBody("RequestTimeTooSkewed"),
    code: "registry_refused",
    found: "request refused",
    hint: "clock",
  },
  {
    status: 301,
    body: errorBody("PermanentRedirect"),
    code: "registry_refused",
    found: "in another region",
    hint: "?region=",
  },
  { status: 307, body: "", code: "registry_refused", found: "in another region", hint: "?region=" },
  {
    status: 404,
    body: errorBody("NoSuchBucket"),
    code: "registry_refused",
    found: "no such bucket",
    hint: "create the bucket",
  },
  {
    status: 404,
    body: "<html>not found</html>",
    code: "registry_refused",
    found: "request refused",
    hint: "an S3 server?",
  },
  {
    status: 400,
    body: errorBody("a\u001b[31mred word"),
    code: "registry_refused",
    found: "request refused",
    hint: "an S3 server?",
  },
  { status: 500, body: "oops", code: "registry_unreachable", found: "no answer", hint: "run it again" },
  {
    status: 503,
    body: errorBody("ServiceUnavailable"),
    code: "registry_unreachable",
    found: "no answer",
    hint: "run it again",
  },
])("an answer $status $body is told as $code: $found", async ({ status, body, code, found, hint }) => {
  const endpoint = await serve(answer(status, body));
  const bucket = bucketAt(endpoint);
  for (const work of [() => bucket.read("k", 10), () => bucket.write("k", OBJECT, { kind: "none" })]) {
    const error = await failureOf(work());
    expect(error.code).toBe(code);
    expect(error.message).toContain(`${found} for s3://releases/team at ${endpoint} (HTTP ${status}`);
    expect(error.hint).toContain(hint);
    // oxlint-disable-next-line no-control-regex -- what must not reach a terminal
    expect(error.message).not.toMatch(/loud|\u001b/);
  }
});

test("a redirect is not followed: no request reaches the other host", async () => {
  let reached = 0;
  const elsewhere = await serve((_, response) => {
    reached += 1;
    response.end();
  });
  const endpoint = await serve(answer(307, "", { location: elsewhere }));
  expect((await failureOf(bucketAt(endpoint).read("k", 10))).code).toBe("registry_refused");
  expect(reached).toBe(0);
});

test("nothing of the credentials is in what is thrown, however it is printed", async () => {
  const endpoint = await serve(answer(403, errorBody("SignatureDoesNotMatch")));
  const error = await failureOf(bucketAt(endpoint).read("k", 10));
  expect(`${inspect(error, { depth: 10 })} ${JSON.stringify(error)}`).not.toMatch(
    /hunter2|AKIATEST|token-of-a-session|Signature=/,
  );
});

test.each([
  ["nobody listens", async () => "http://127.0.0.1:1"],
  ["the server never answers", () => serve(() => {})],
  [
    "the body ends too early",
    () =>
      serve((_, response) => {
        response.writeHead(200, { "content-length": 100 }).write("abc");
        setTimeout(() => response.destroy(), 10);
      }),
  ],
  [
    "the body stops",
    () => serve((_, response) => void response.writeHead(200, { "content-length": 100 }).write("abc")),
  ],
])("where %s it is unreachable, and nothing hangs", async (_, start) => {
  const error = await failureOf(bucketAt(await start()).read("k", 1_000));
  expect(error.code).toBe("registry_unreachable");
});

test("of a body without an end no more is read than was expected", async () => {
  let sent = 0;
  const endpoint = await serve((_, response) => {
    response.writeHead(200, { etag: '"x"' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384;
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  });
  const held = await bucketAt(endpoint).read("k", 1_000);
  expect(held?.bytes).toHaveLength(1_001);
  // What lies in the sockets' buffers is sent without being read.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
});

test("a list whose pages never end is refused", async () => {
  let page = 0;
  const endpoint = await serve((_, response) => {
    page += 1;
    response.end(
      `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${page}</NextContinuationToken></ListBucketResult>`,
    );
  });
  const error = await failureOf(bucketAt(endpoint).folders("team/agents/"));
  expect(error).toMatchObject({ code: "registry_refused", message: expect.stringContaining("a list that ends") });
});

test.each([
  [501, "NotImplemented", "unsupported"],
  [400, "InvalidArgument", "unsupported"],
  [412, "PreconditionFailed", "conflict"],
  [409, "ConditionalRequestConflict", "conflict"],
  [404, "NoSuchKey", "conflict"],
] as const)(
  "a conditional write answered by %i %s is a write that did not happen: %s",
  async (status, code, outcome) => {
    const bucket = bucketAt(await serve(answer(status, errorBody(code))));
    expect(await bucket.write("k", OBJECT, { kind: "isUnchanged", etag: '"x"' })).toBe(outcome);
    expect((await failureOf(bucket.write("k", OBJECT, { kind: "none" }))).code).toBe("registry_refused");
  },
);

test("credentials or a region that are nowhere to be found are asked for", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"])
    vi.stubEnv(name, undefined);
  for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]) vi.stubEnv(name, "/nonexistent");
  const withoutCredentials = await failureOf(bucketAt("http://127.0.0.1:1").read("k", 1));
  expect(withoutCredentials).toMatchObject({ code: "registry_refused", hint: expect.stringContaining("AWS_PROFILE") });
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIATEST");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "hunter2");
  const withoutRegion = await failureOf(bucketAt("http://127.0.0.1:1", { region: null }).read("k", 1));
  expect(withoutRegion).toMatchObject({ code: "registry_refused", hint: expect.stringContaining("?region=") });
});

test("an endpoint and a region of the environment are used", async () => {
  const paths: (string | undefined)[] = [];
  const endpoint = await serve((request, response) => {
    paths.push(request.url?.split("?")[0]);
    response.end("x");
  });
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  await bucketAt(null, { region: null }).read("team/k", 10);
  expect(paths).toEqual(["/releases/team/k"]);
  vi.stubEnv("AWS_ENDPOINT_URL", "no url");
  expect(await failureOf(bucketAt(null).read("k", 10))).toMatchObject({
    code: "registry_refused",
    hint: "correct AWS_ENDPOINT_URL",
  });
});
