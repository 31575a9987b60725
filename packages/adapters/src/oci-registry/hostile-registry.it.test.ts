import {
  digestOf,
  EMPTY_CONFIG,
  OCI_EMPTY_TYPE,
  OCI_MANIFEST_TYPE,
  parseAgentName,
  referrerOciManifest,
  type ReleaseRepository,
} from "@perch/domain";
import { aBuiltRelease } from "@perch/testkit";
import { startHttpServer, type HttpHandler, type HttpServer } from "@perch/testkit/servers";
import { afterEach, describe, expect, test } from "vitest";
import { createOciRegistry, type OciRegistryOptions } from "./oci-registry.ts";

const SUPPORT = parseAgentName("support");
const PASSWORD = "correct-horse";
const release = aBuiltRelease();
const MANIFEST = { digest: release.digest, size: release.ociManifest.length };
const BLOB = { digest: digestOf("12345"), size: 5 };

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(handler: HttpHandler): Promise<HttpServer> {
  const server = await startHttpServer(handler);
  servers.push(server);
  return server;
}

function repositoryAt({ host }: HttpServer, options: Partial<OciRegistryOptions> = {}): ReleaseRepository {
  return registryAt({ host }, options).repository(SUPPORT);
}

function registryAt({ host }: Pick<HttpServer, "host">, options: Partial<OciRegistryOptions> = {}) {
  return createOciRegistry({
    origin: `http://${host}`,
    prefix: "acme",
    sleep: async () => undefined,
    credentials: async () => ({ kind: "password", username: "ci", password: PASSWORD }),
    timeoutMs: 5_000,
    ...options,
  });
}

/** Answers every request in the same way. */
function always(status: number, headers: Record<string, string>, body: string | Uint8Array = ""): HttpHandler {
  return (_, response) => void response.writeHead(status, headers).end(body);
}

const JSON_TYPE = { "content-type": "application/json" };
const MANIFEST_TYPE = { "content-type": OCI_MANIFEST_TYPE };

describe("credentials", () => {
  test("a registry that wants Basic credentials again and again is asked twice", async () => {
    const server = await serve(always(401, { "www-authenticate": 'Basic realm="x"' }));
    await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({ code: "registry_refused" });
    expect(server.received.map(({ headers }) => headers.authorization === undefined)).toEqual([true, false]);
  });

  test("a registry that wants token after token is asked twice, and the token server once", async () => {
    const tokens = await serve(always(200, JSON_TYPE, '{"token":"abc"}'));
    const server = await serve(
      always(401, { "www-authenticate": `Bearer realm="http://${tokens.host}/t",service="s"` }),
    );
    await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.not.stringContaining("abc"),
    });
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer abc"]);
    expect(tokens.received).toHaveLength(1);
  });

  test("a token that is no longer good is renewed once", async () => {
    let given = 0;
    const tokens = await serve((_, response) => {
      given += 1;
      response.writeHead(200, JSON_TYPE).end(JSON.stringify({ token: `t${given}`, expires_in: 3600 }));
    });
    let good = "Bearer t1";
    const server = await serve(({ headers }, response) => {
      const isGood = headers.authorization === good;
      const challenge = { "www-authenticate": `Bearer realm="http://${tokens.host}/t"` };
      response.writeHead(isGood ? 200 : 401, isGood ? {} : challenge).end(isGood ? "12345" : "");
    });
    const repository = repositoryAt(server);
    await repository.readBlob(BLOB);
    await repository.readBlob(BLOB);
    good = "Bearer t2";
    expect(await repository.readBlob(BLOB)).not.toBeNull();
    expect(given).toBe(2);
  });

  test("they stay behind when a redirect leads to another host, also when that one asks for some", async () => {
    const other = await serve(({ path }, response) => {
      if (path === "/ask") response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else response.writeHead(200).end("12345");
    });
    let to = "/blob";
    const server = await serve(({ headers }, response) => {
      if (headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else response.writeHead(307, { location: `http://${other.host}${to}` }).end();
    });
    const repository = repositoryAt(server);
    expect(Buffer.from((await repository.readBlob(BLOB)) ?? []).toString()).toBe("12345");
    to = "/ask";
    await expect(repository.readBlob(BLOB)).rejects.toMatchObject({ code: "registry_refused" });
    expect(server.received.some(({ headers }) => headers.authorization !== undefined)).toBe(true);
    expect(other.received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test("they stay behind when an upload goes to another host", async () => {
    const other = await serve(always(201, {}));
    const server = await serve(({ method, headers }, response) => {
      if (headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (method === "POST") response.writeHead(202, { location: `http://${other.host}/up?state=1` }).end();
      else response.writeHead(404).end();
    });
    await repositoryAt(server).writeBlob(Buffer.from("12345"));
    expect(other.received).toMatchObject([
      { method: "PUT", path: expect.stringContaining("/up?state=1&digest=sha256") },
    ]);
    expect(other.received[0]?.headers.authorization).toBeUndefined();
  });

  test("they are not shown when a registry says them back", async () => {
    const server = await serve(({ headers }, response) => {
      const { authorization } = headers;
      if (authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else
        response
          .writeHead(403, JSON_TYPE)
          .end(JSON.stringify({ errors: [{ code: "NO", message: `${authorization} ${PASSWORD}\u001b[2J` }] }));
    });
    const refusal = await repositoryAt(server)
      .readBlob(BLOB)
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "registry_refused", message: expect.stringContaining("(NO: Basic … …") });
    const shown = String(refusal);
    expect(shown).not.toContain("\u001b");
    expect(shown).not.toContain(PASSWORD);
  });

  test.each([["http://tokens.example/t"], ["ftp://127.0.0.1/t"], ["http://a:b@127.0.0.1/t"], ["nonsense"]])(
    "they are not sent for a token to %s",
    async (realm) => {
      const server = await serve(always(401, { "www-authenticate": `Bearer realm="${realm}"` }));
      await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({
        code: "registry_refused",
        message: expect.stringContaining("sends for tokens to"),
      });
      expect(server.received).toHaveLength(1);
    },
  );
});

describe("trouble", () => {
  test.each([500, 502, 503, 429])(
    "status %i is met with patience, and in the end named with what was asked",
    async (status) => {
      const server = await serve(always(status, {}));
      await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({
        code: "registry_unreachable",
        message: `GET /v2/acme/support/blobs/${BLOB.digest} at ${server.host}: found status ${status}, expected an answer`,
      });
      expect(server.received).toHaveLength(5);
    },
  );

  test("a registry that asks for a pause gets it, though not a pause without an end", async () => {
    const pauses: number[] = [];
    const server = await serve((_, response) => {
      const wished = ["3", "86400", new Date(1_000_000 + 5_000).toUTCString()][server.received.length - 1];
      if (wished === undefined) response.writeHead(200).end("12345");
      else response.writeHead(503, { "retry-after": wished }).end();
    });
    const sleep = async (ms: number) => void pauses.push(ms);
    const repository = repositoryAt(server, { sleep, random: () => 0.5, now: () => 1_000_000 });
    expect(await repository.readBlob(BLOB)).not.toBeNull();
    expect(pauses).toEqual([3_000, 30_000, 5_000]);
  });

  test("a body that breaks off is asked for again", async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { "content-length": "5" });
      if (server.received.length > 1) response.end("12345");
      else response.write("12", () => response.destroy());
    });
    expect(Buffer.from((await repositoryAt(server).readBlob(BLOB)) ?? []).toString()).toBe("12345");
    expect(server.received).toHaveLength(2);
  });

  test("a registry that does not answer in time is unreachable", async () => {
    const server = await serve(() => undefined);
    await expect(repositoryAt(server, { timeoutMs: 50 }).readBlob(BLOB)).rejects.toMatchObject({
      code: "registry_unreachable",
      message: expect.stringContaining("no answer in time"),
    });
  });

  test("an upload whose answer is lost is found to have arrived, and not sent again", async () => {
    let isThere = false;
    const server = await serve(({ method }, response) => {
      if (method === "HEAD") response.writeHead(isThere ? 200 : 404).end();
      else if (method === "POST") response.writeHead(202, { location: "/up" }).end();
      else {
        isThere = true;
        response.destroy();
      }
    });
    await repositoryAt(server).writeBlob(Buffer.from("12345"));
    expect(server.received.filter(({ method }) => method === "PUT")).toHaveLength(1);
  });

  test("a chunk of which a part arrived is resumed behind that part; the registry's smallest chunk is kept", async () => {
    let held = Buffer.alloc(0);
    let failures = 0;
    const server = await serve(({ method, body }, response) => {
      const told = { location: "/up", range: `0-${held.length - 1}` };
      if (method === "HEAD") response.writeHead(404).end();
      else if (method === "POST") response.writeHead(202, { location: "/up", "oci-chunk-min-length": "40" }).end();
      else if (method === "GET") response.writeHead(204, told).end();
      else if (method === "PATCH" && held.length === 40 && failures === 0) {
        failures += 1;
        held = Buffer.concat([held, body.subarray(0, 7)]);
        response.destroy();
      } else {
        held = Buffer.concat([held, body]);
        response.writeHead(method === "PUT" ? 201 : 202, { location: "/up", range: `0-${held.length - 1}` }).end();
      }
    });
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
    await repositoryAt(server, { chunkBytes: 10 }).writeBlob(bytes);
    expect(held).toEqual(bytes);
    const ranges = server.received.flatMap(({ headers }) => headers["content-range"] ?? []);
    expect(ranges).toEqual(["0-39", "40-79", "47-86", "87-99"]);
  });

  test("a registry that loses every upload is given up", async () => {
    const server = await serve(({ method, headers }, response) => {
      const isFirst = headers["content-range"]?.startsWith("0-") === true;
      if (method === "POST") response.writeHead(202, { location: "/up" }).end();
      else if (method === "PATCH" && isFirst) response.writeHead(202, { location: "/up" }).end();
      else response.writeHead(404).end();
    });
    await expect(repositoryAt(server, { chunkBytes: 10 }).writeBlob(new Uint8Array(30))).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("lost an upload 4 times"),
    });
  });
});

describe("answers that cannot be believed", () => {
  test.each([
    ["another byte", "12346"],
    ["too few", "1234"],
    ["too many", "123456"],
  ])("a blob with %s is refused", async (_, body) => {
    const server = await serve(always(200, {}, body));
    await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({ code: "digest_mismatch" });
  });

  test("a blob without an end is read no further than its size", async () => {
    let written = 0;
    const server = await serve((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        written += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
      };
      more();
    });
    await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({ code: "digest_mismatch" });
    expect(written).toBeLessThan(20_000_000);
  });

  test("a size that nobody can hold is refused before anything is read", async () => {
    const server = await serve(always(200, {}));
    const blob = { ...BLOB, size: 2 ** 50 };
    await expect(repositoryAt(server).readBlob(blob)).rejects.toMatchObject({ code: "registry_refused" });
    await expect(repositoryAt(server).readManifest(blob)).rejects.toMatchObject({ code: "registry_refused" });
    expect(server.received).toEqual([]);
  });

  test("a manifest with another digest, or announced with another one, is refused", async () => {
    const altered = await serve(
      always(
        200,
        MANIFEST_TYPE,
        Buffer.from(release.ociManifest).map((byte) => byte ^ 1),
      ),
    );
    await expect(repositoryAt(altered).readManifest(MANIFEST)).rejects.toMatchObject({ code: "digest_mismatch" });
    const announced = { ...MANIFEST_TYPE, "docker-content-digest": digestOf("x") };
    const server = await serve(always(200, announced, release.ociManifest));
    await expect(repositoryAt(server).find({ kind: "version", version: "1.0.0" })).rejects.toMatchObject({
      code: "digest_mismatch",
      message: expect.stringContaining("announces"),
    });
  });

  test("a manifest of another media type is refused", async () => {
    const server = await serve(always(200, { "content-type": "text/plain\u0009; x=y" }, release.ociManifest));
    await expect(repositoryAt(server).readManifest(MANIFEST)).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("the media type text/plain, expected a manifest"),
    });
  });

  test.each([200, 404])("a web page with status %i is no registry's answer", async (status) => {
    const server = await serve(always(status, { "content-type": "text/html; charset=utf-8" }, "<html>"));
    for (const reading of [
      repositoryAt(server).find({ kind: "version", version: "1.0.0" }),
      repositoryAt(server).releases(),
    ]) {
      await expect(reading).rejects.toMatchObject({
        code: "registry_refused",
        message: expect.stringContaining(`a web page with status ${status}`),
      });
    }
  });

  test.each([
    ["{"],
    [""],
    ["null"],
    ['{"tags":"x"}'],
    ["\u0000"],
    ['{"tags":[1]}'],
    [`{"tags":${"[".repeat(100_000)}`],
  ])("a list of tags that is %.20j is refused", async (body) => {
    const server = await serve(always(200, JSON_TYPE, body));
    await expect(repositoryAt(server).releases()).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("expected a list of tags"),
    });
  });

  test("a manifest or a list of hostile depth or size is refused", async () => {
    const deep = await serve(always(200, MANIFEST_TYPE, "[".repeat(1_000_000)));
    await expect(repositoryAt(deep).readTag("x")).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("nests deeper than 64 levels"),
    });
    const large = await serve(always(200, MANIFEST_TYPE, Buffer.alloc(5_000_000, " ")));
    await expect(repositoryAt(large).readTag("x")).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("more than 4194304 bytes"),
    });
  });

  test("a list of referrers of another media type is refused", async () => {
    const server = await serve(always(200, JSON_TYPE, '{"schemaVersion":2,"manifests":[]}'));
    await expect(repositoryAt(server).referrers(MANIFEST.digest)).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("expected a list of referrers"),
    });
  });

  test("a referrer that is listed by the type of its config, or by none, is known by its own", async () => {
    const config = { digest: digestOf(EMPTY_CONFIG), size: EMPTY_CONFIG.length };
    const subject = { mediaType: OCI_MANIFEST_TYPE, ...MANIFEST };
    const artifactType = "application/vnd.test.signature";
    const manifest = referrerOciManifest({ subject, artifactType, blob: BLOB, config, annotations: { a: "b" } });
    const entry = { mediaType: OCI_MANIFEST_TYPE, digest: digestOf(manifest), size: manifest.length };
    for (const listed of [entry, { ...entry, artifactType: OCI_EMPTY_TYPE }]) {
      const server = await serve(({ path }, response) => {
        const isList = path.includes("/referrers/");
        response.writeHead(200, isList ? { "content-type": "application/vnd.oci.image.index.v1+json" } : MANIFEST_TYPE);
        response.end(isList ? JSON.stringify({ schemaVersion: 2, manifests: [listed, listed] }) : manifest);
      });
      expect(await repositoryAt(server).referrers(MANIFEST.digest)).toEqual([
        { ...entry, artifactType, annotations: { a: "b" } },
      ]);
    }
  });

  test("what a registry says of its refusal is shown cleaned and bounded", async () => {
    const message = `\u001b[31mred\r\n${"x".repeat(10_000)}`;
    const server = await serve(always(400, JSON_TYPE, JSON.stringify({ errors: [{ code: "NAME_INVALID", message }] })));
    const refusal = await repositoryAt(server)
      .readBlob(BLOB)
      .catch((error: unknown) => String(error));
    expect(refusal).toContain("found status 400 (NAME_INVALID:  [31mred xxx");
    expect(String(refusal).length).toBeLessThan(800);
  });
});

describe("lists and redirects that lead nowhere", () => {
  test("a list that continues at another host is not followed", async () => {
    const other = await serve(always(200, JSON_TYPE, '{"tags":[]}'));
    const link = `<http://${other.host}/v2/acme/support/tags/list?last=a>; rel="next"`;
    const server = await serve(always(200, { ...JSON_TYPE, link }, '{"tags":["x"]}'));
    await expect(repositoryAt(server).releases()).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining(`continues a list at ${other.host}`),
    });
    expect(other.received).toEqual([]);
  });

  test("a list in a circle, and one without an end, are given up", async () => {
    const circle = await serve(
      always(200, { ...JSON_TYPE, link: '</v2/_catalog?n=1000>; rel="next"' }, '{"repositories":[]}'),
    );
    await expect(registryAt(circle).agents()).rejects.toMatchObject({ code: "registry_refused" });
    expect(circle.received).toHaveLength(1);
    let page = 0;
    const endless = await serve((_, response) => {
      page += 1;
      response.writeHead(200, { ...JSON_TYPE, link: `<?page=${page}>; rel=next` }).end('{"tags":null}');
    });
    await expect(repositoryAt(endless).releases()).rejects.toMatchObject({ code: "registry_refused" });
    expect(endless.received).toHaveLength(1_000);
  });

  test("a registry that does not tell its repositories is refused with a hint", async () => {
    const server = await serve(always(404, JSON_TYPE, '{"errors":[{"code":"UNSUPPORTED"}]}'));
    await expect(registryAt(server).agents()).rejects.toMatchObject({
      code: "registry_refused",
      hint: expect.stringContaining("name the agent"),
    });
  });

  test("redirects are followed five times and no more, and never for what is written", async () => {
    const server = await serve(({ method }, response) => {
      if (method === "HEAD") response.writeHead(404).end();
      else response.writeHead(307, { location: `/again/${server.received.length}` }).end();
    });
    await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("more than 5 redirects"),
    });
    expect(server.received).toHaveLength(6);
    await expect(repositoryAt(server).writeBlob(Buffer.from("12345"))).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("a redirect of something written"),
    });
  });

  test.each([["file:///etc/passwd"], ["http://u:p@127.0.0.1/"], ["http://["]])(
    "a redirect to %s is not followed",
    async (location) => {
      const server = await serve(always(302, { location }));
      await expect(repositoryAt(server).readBlob(BLOB)).rejects.toMatchObject({ code: "registry_refused" });
      expect(server.received).toHaveLength(1);
    },
  );

  test("an upload that is given no place to go to is refused", async () => {
    const server = await serve(({ method }, response) => void response.writeHead(method === "HEAD" ? 404 : 202).end());
    await expect(repositoryAt(server).writeBlob(Buffer.from("x"))).rejects.toMatchObject({
      code: "registry_refused",
      message: expect.stringContaining("no Location"),
    });
  });
});
