import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHttpServer, type ReceivedRequest } from "./http-server.ts";

export type TokenServer = {
  /** The `auth` part of the configuration of a docker-registry that believes this server. */
  readonly auth: unknown;
  /** Every request for a token so far. */
  readonly received: readonly ReceivedRequest[];
  readonly stop: () => Promise<void>;
};

export type TokenServerOptions = {
  readonly username: string;
  readonly password: string;
  readonly lifetimeSeconds?: number;
};

const [ISSUER, SERVICE] = ["perch test", "registry test"];

/** Gives tokens for whatever is asked to whoever knows the password; signed by a certificate that OpenSSL makes. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const directory = await mkdtemp(join(tmpdir(), "perch-token-"));
  const [keyFile, certificateFile] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const args = ["req", "-x509", ...curve, "-subj", "/CN=perch-test", "-keyout", keyFile, "-out", certificateFile];
  execFileSync("openssl", args, { stdio: "ignore" });
  const key = createPrivateKey(await readFile(keyFile));
  const certificate = new X509Certificate(await readFile(certificateFile)).raw.toString("base64");
  const basic = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString("base64")}`;

  const server = await startHttpServer((request, response) => {
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return;
    }
    const scopes = new URL(request.path, "http://token").searchParams.getAll("scope");
    const lifetime = options.lifetimeSeconds ?? 300;
    const claims = claimsFor(scopes, lifetime);
    const token = jwt({ alg: "ES256", typ: "JWT", x5c: [certificate] }, claims, (input) =>
      sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }),
    );
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ token, expires_in: lifetime }));
  });
  return {
    auth: {
      token: {
        realm: `http://${server.host}/token`,
        service: SERVICE,
        issuer: ISSUER,
        rootcertbundle: certificateFile,
      },
    },
    received: server.received,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function claimsFor(scopes: readonly string[], lifetimeSeconds: number): object {
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.map((scope) => {
    const [type, ...rest] = scope.split(":");
    return { type, name: rest.slice(0, -1).join(":"), actions: (rest.at(-1) ?? "").split(",") };
  });
  const times = { iat: now, nbf: now - 10, exp: now + lifetimeSeconds };
  return { iss: ISSUER, aud: SERVICE, sub: "somebody", jti: randomUUID(), ...times, access };
}

function jwt(header: object, claims: object, signBytes: (input: Buffer) => Buffer): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${signBytes(Buffer.from(input)).toString("base64url")}`;
}
