import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { startServerProcess } from "./server-process.ts";

export type S3Server = {
  /** `http://127.0.0.1:PORT`, buckets in the path. */
  readonly endpoint: string;
  readonly makeBucket: (name: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * `fauxqs` comes from npm and is always there; it ignores conditional writes and takes everybody's credentials. `versitygw`
 * does both as S3 does.
 */
export type S3ServerKind = "fauxqs" | "versitygw";

/** Whom `versitygw` knows. */
export const S3_CREDENTIALS = { accessKeyId: "perch-tests", secretAccessKey: "a-secret-of-tests" };

/** `go install github.com/versity/versitygw/cmd/versitygw@latest`; null where it is not on the PATH. */
export function findVersityGateway(): string | null {
  return findProgram("versitygw");
}

/** Starts a server with nothing in it on a free loopback port. */
export function startS3Server(kind: S3ServerKind): Promise<S3Server> {
  return kind === "fauxqs" ? startFauxqs() : startVersityGateway();
}

async function startFauxqs(): Promise<S3Server> {
  const { buildApp } = await import("fauxqs");
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    endpoint,
    async makeBucket(name) {
      const { status } = await fetch(`${endpoint}/${name}`, { method: "PUT" });
      if (status !== 200) throw new Error(`fauxqs answered ${status}, expected a new bucket ${name}`);
    },
    stop: async () => app.close(),
  };
}

async function startVersityGateway(): Promise<S3Server> {
  const program = findVersityGateway();
  if (program === null) throw new Error("found no versitygw on the PATH; `go install` gets it");
  const buckets = await mkdtemp(join(tmpdir(), "perch-s3-"));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const remove = (): Promise<void> => rm(buckets, { recursive: true, force: true });
  try {
    const end = await startServerProcess({
      program,
      // ETags lie in extended attributes: with `--sidecar` a reader may get new bytes with an old ETag.
      args: ["--port", `127.0.0.1:${port}`, "--quiet", "posix", buckets],
      env: { ROOT_ACCESS_KEY: S3_CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: S3_CREDENTIALS.secretAccessKey },
      url: endpoint,
    });
    // A directory is a bucket.
    return { endpoint, makeBucket: (name) => mkdir(join(buckets, name)), stop: () => end().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
