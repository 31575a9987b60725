import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  tsaHandler,
} from "@sigstore/mock";
import { vi } from "vitest";
import { freePort } from "./free-port.ts";

export type SigstoreServices = {
  /** Fulcio, Rekor and a timestamp authority, all at this loopback URL. */
  readonly url: string;
  /** Sigstore's trusted_root.json of these services. */
  readonly trustedRoot: TrustedRootJson;
  readonly stop: () => Promise<void>;
};

export type TrustedRootJson = {
  readonly mediaType: string;
  readonly certificateAuthorities: readonly unknown[];
  readonly timestampAuthorities: readonly unknown[];
  readonly tlogs: readonly unknown[];
  readonly ctlogs: readonly unknown[];
};

/** What each service's clock says. A certificate is valid for ten minutes from `issuedAt`. */
export type SigstoreClocks = { readonly issuedAt: Date; readonly loggedAt?: Date; readonly stampedAt?: Date };

type Service = Awaited<ReturnType<typeof createServices>>["handlers"][number];

/** Starts Sigstore's mock services, whose certificates, log entries and timestamps can really be verified. */
export async function startSigstoreServices(clocks: SigstoreClocks): Promise<SigstoreServices> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { issuedAt, loggedAt = issuedAt, stampedAt = issuedAt } = clocks;
  const { handlers, trustedRoot } = await createServices(url, {
    issuedAt: wholeSecond(issuedAt),
    loggedAt: wholeSecond(loggedAt),
    stampedAt: wholeSecond(stampedAt),
  });
  const server = createServer((request, response) => void answer(request, response, handlers));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url,
    trustedRoot,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An identity token as the mock of Fulcio reads it: nobody signed it. */
export function anIdentityToken(claims: { readonly iss: string; readonly sub: string }): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.${part("unsigned")}`;
}

async function answer(request: IncomingMessage, response: ServerResponse, services: readonly Service[]): Promise<void> {
  const service = services.find(({ path }) => path === request.url);
  const body = await text(request);
  if (service === undefined) return void response.writeHead(404).end();
  const { statusCode, contentType, response: answered } = await service.fn(body);
  response.writeHead(statusCode, { "content-type": contentType ?? "text/plain" }).end(answered);
}

// The mock writes parts of a second into timestamps in a way that @sigstore/core does not always read.
function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

async function createServices(url: string, { issuedAt, loggedAt, stampedAt }: Required<SigstoreClocks>) {
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rekorKey = keys();
  // The mock takes the start of its authorities' own certificates from the clock of the process.
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(issuedAt.getTime() - 86_400_000) });
  try {
    const ctLog = await initializeCTLog(keys(), issuedAt);
    const ca = await initializeCA(keys(), ctLog, issuedAt);
    const tsa = await initializeTSA(keys(), stampedAt);
    const tlog = await initializeTLog(url, rekorKey, loggedAt);
    const rekor = rekorHandler(tlog);
    return {
      handlers: [
        fulcioHandler(ca),
        { ...rekor, fn: (body: string) => rekor.fn(JSON.stringify(logged(JSON.parse(body)))) },
        tsaHandler(tsa),
      ],
      trustedRoot: {
        mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        certificateAuthorities: [authority(url, [ca.rootCertificate])],
        timestampAuthorities: [authority(url, [tsa.intCertificate, tsa.rootCertificate])],
        tlogs: [log(url, tlog.publicKey)],
        ctlogs: [log(url, ctLog.publicKey)],
      },
    };
  } finally {
    vi.useRealTimers();
  }
}

// The mock logs what it is given. The real Rekor logs hashes of a DSSE envelope, which is what is verified later.
function logged(proposed: {
  kind: string;
  spec: { proposedContent?: { envelope: string; verifiers: readonly string[] } };
}): object {
  const { proposedContent } = proposed.spec;
  if (proposed.kind !== "dsse" || proposedContent === undefined) return proposed;
  const envelope = JSON.parse(proposedContent.envelope) as { payload: string; signatures: readonly { sig: string }[] };
  const sha256 = (bytes: Buffer | string): object => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  return {
    ...proposed,
    spec: {
      envelopeHash: sha256(proposedContent.envelope),
      payloadHash: sha256(Buffer.from(envelope.payload, "base64")),
      signatures: envelope.signatures.map(({ sig }) => ({ signature: sig, verifier: proposedContent.verifiers[0] })),
    },
  };
}

function authority(uri: string, certificates: readonly ArrayBufferView[]): unknown {
  return {
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri,
    certChain: { certificates: certificates.map((bytes) => ({ rawBytes: base64(bytes) })) },
    validFor: { start: "2000-01-01T00:00:00Z" },
  };
}

function log(baseUrl: string, publicKey: Buffer): unknown {
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: base64(publicKey),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor: { start: "2000-01-01T00:00:00Z" },
    },
    logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
  };
}

function base64({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
