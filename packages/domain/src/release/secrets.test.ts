import { describe, expect, test } from "vitest";
import { findSecretsInText, secretFile } from "./secrets-in-text.ts";
import { findSecrets, isSecretName, secretShape } from "./secrets.ts";

const HEX = "0123456789abcdef0123456789abcdef";
const WORD = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9nO2qR5tU8wX1zA4cD7fG0iJ3l";
const BASE64 = "MHcCAQEEIHxvAy2mQvPpq3kZ9tY0wJ8uT5rS4nL1bV6cX7dE8fGaoAoGCCqGSM49";

// Made up, in the form of real ones. In two pieces, so that other scanners do not stop at this file.
const SECRETS: readonly (readonly [string, string])[] = [
  ["sk-", "abc123def456"],
  ["sk-", WORD.slice(0, 48)],
  ["sk-proj", `-${WORD}`],
  ["sk-svcacct", "-AbCdEfGhIjKlMnOpQrStUvWx"],
  ["sk-ant", `-api03-${WORD}-${WORD.slice(0, 20)}AA`],
  ["sk-or", `-v1-${HEX}${HEX}`],
  ["gsk", `_${WORD.slice(0, 52)}`],
  ["xai", `-${WORD.slice(0, 64)}`],
  ["lsv2", `_pt_${HEX}_0123456789`],
  ["hf", `_${WORD.slice(0, 34)}`],
  ["AKIA", "IOSFODNN7EXAMPLE"],
  ["ASIA", "Y34FZKBOKMUTVV7A"],
  ["aws_secret_access_key", " = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
  ["AIza", `SyD${WORD.slice(0, 32)}`],
  ["GOCSPX", `-${WORD.slice(0, 28)}`],
  ["ya29", `.${WORD}`],
  ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey", `=${WORD.slice(0, 64)}${WORD.slice(0, 22)}==`],
  ["Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey", `=${WORD.slice(0, 43)}=`],
  ["aB3", `8Q~${WORD.slice(0, 34)}`],
  ["ghp", "_0123456789abcdefghijABCDEFGHIJ012345"],
  ["gho", `_${WORD.slice(0, 36)}`],
  ["github_pat", `_${WORD.slice(0, 22)}_${WORD.slice(0, 59)}`],
  ["glpat", `-${WORD.slice(0, 20)}`],
  ["glrt", `-${WORD.slice(0, 20)}`],
  ["xoxb", `-123456789012-1234567890123-${WORD.slice(0, 24)}`],
  ["xapp", `-1-A012ABCDEFG-1234567890123-${HEX}${HEX}`],
  ["https://hooks.slack.com", `/services/T01ABCDEF/B01ABCDEF/${WORD.slice(0, 24)}`],
  ["sk", `_live_${WORD.slice(0, 24)}`],
  ["rk", `_test_${WORD.slice(0, 24)}`],
  ["whsec", `_${WORD.slice(0, 32)}`],
  ["SK", HEX],
  ["SG", `.${WORD.slice(0, 22)}.${WORD.slice(0, 43)}`],
  ["npm", `_${WORD.slice(0, 36)}`],
  ["//registry.example/:_auth", `Token=${HEX}`],
  ["pypi", `-AgEIcHlwaS5vcmc${WORD}`],
  ["dapi", HEX],
  ["dop", `_v1_${HEX}${HEX}`],
  ["shpat", `_${HEX}`],
  ["hvs", `.${WORD.slice(0, 24)}`],
  ["1234567890:AA", WORD.slice(0, 33)],
  ["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
  ["AGE-SECRET", `-KEY-1${"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).slice(0, 58)}`],
  ["-----BEGIN EC PRIVATE", ` KEY-----\n${BASE64}\n`],
  ["-----BEGIN PRIVATE", ` KEY-----\\n${BASE64}`],
  ["-----BEGIN OPENSSH PRIVATE", ` KEY-----\r\n${BASE64}`],
  ["-----BEGIN ENCRYPTED PRIVATE", ` KEY-----\n${BASE64}`],
  ["-----BEGIN ENCRYPTED COSIGN PRIVATE", ` KEY-----\n${BASE64}`],
  ["-----BEGIN ENCRYPTED SIGSTORE PRIVATE", ` KEY-----\n${BASE64}`],
  ["-----BEGIN RSA PRIVATE", ` KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n\n${BASE64}`],
  ["-----BEGIN PGP PRIVATE", ` KEY BLOCK-----\n\n${BASE64}`],
  ['{"type":"service_account","private_key":"-----BEGIN PRIVATE', ` KEY-----\\n${BASE64}\\n"}`],
  ["postgres://app:", "hunter2@db.example:5432/shop"],
  ["https://user:", "s3cr3t-Pa55@shop.acme.dev/x"],
  ["redis://:", "p4ssw0rd@cache:6379/0"],
  ["mongodb+srv://admin:", "Tr0ub4dor@cluster0.mongodb.net"],
  ["Server=db;Database=shop;User Id=sa;Pass", "word=Tr0ub4dor;"],
];

const HARMLESS = [
  "You help customers. Never promise a refund above 50 €.",
  "task-force-sk-1",
  "sk-learn pipeline with sk-fading-circle12 and sk-cube-grid-child10",
  "the class sk-some-long-css-class-name-here and risk-assessment-2024-01-01-final",
  "An access key id begins with AKIA, and a token of GitHub with ghp_ or github_pat_.",
  "AKIAIOSFODNN7",
  "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
  "550e8400-e29b-41d4-a716-446655440000",
  "SKU 0123456789 and SKIRT0123456789abcdef0123456789abcdef",
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
  'integrity: "sha512-2mQvPpq3kZ9tY0wJ8uT5rS4nL1bV6cX7dE8fGaoAoGCCqGSM49AwEHoUQDQgAE=="',
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
  "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2hlY2sgdGhhdCBpdCBpcw",
  'if (pem.startsWith("-----BEGIN PRIVATE KEY-----")) return readPkcs8(pem);',
  "`-----BEGIN ${type} PRIVATE KEY-----\\n${body}\\n-----END ${type} PRIVATE KEY-----`",
  "https://example.com:8443/path?x=1@2",
  "new URL('https://abc:xyz@example.com')",
  "https://user:password@acme.dev and postgres://user:pass@localhost/db",
  "postgres://${USER}:${PASSWORD}@${HOST}/db, mysql://<user>:<password>@<host>",
  "http://127.0.0.1:4318/v1/traces, mailto:someone@example.com, git@github.com:acme/app.git",
  "Server=db;Database=shop;User Id=sa;Password=<password>;",
  "//registry.example/:_authToken=${NPM_TOKEN}",
  "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
  "process.env.OPENAI_API_KEY ?? throwMissing('OPENAI_API_KEY')",
  "xoxb-your-token-goes-here, xoxp-... and hf_hub_download_from_the_internet_now",
  "npm_config_registry, npm_package_json_and_other_variables_of_npm_run",
  "eyJhbGciOiJIUzI1NiJ9 is how a header of a web token begins",
  "key-value-store-with-a-very-long-name-0123456789",
  "function gho_helper() {} // SG.a.b",
];

describe("by its shape,", () => {
  test.each(SECRETS)("%s… is a secret, wherever it stands", (head, tail) => {
    const secret = head + tail;
    for (const text of [secret, `use ${secret}`, `key="${secret}"\n`, `[${secret}]`]) {
      expect(secretShape(text), text).not.toBeNull();
    }
    expect(findSecretsInText(`first line\n  ${secret}\nlast`).map(({ line }) => line)).toEqual([2]);
  });

  test.each(HARMLESS)("%j is no secret", (text) => {
    expect(secretShape(text)).toBeNull();
    expect(findSecretsInText(text)).toEqual([]);
  });
});

describe("by its name,", () => {
  test.each([
    "password",
    "apiKey",
    "OPENAI_API_KEY",
    "db-password",
    "clientSecret",
    "access.token",
    "connectionString",
  ])("%s is a secret's", (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  test.each(["max_tokens", "stop_token", "tokenizer", "secretary", "passwordPolicy", "key", "keys", "author"])(
    "%s is not",
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );
});

test("a secret is never repeated: not its value, not a name that is one", () => {
  for (const [head, tail] of SECRETS) {
    const secret = head + tail;
    const problems = [...findSecrets({ a: [secret], [secret]: 1, password: "hunter2" }), ...findSecretsInText(secret)];
    expect(problems.length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(problems)).not.toContain(tail);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  }
});

test("a text made to keep the patterns busy is searched in no time", () => {
  const texts = [
    "://",
    "a://b:",
    "Host=a;",
    "sk-a1",
    "-----BEGIN PRIVATE KEY-----A: b\n",
    "eyJa.",
    "aws_secret_key ",
    "0",
  ];
  for (const text of texts) {
    const started = process.cpuUsage().user;
    findSecretsInText(text.repeat(Math.ceil(300_000 / text.length)));
    expect((process.cpuUsage().user - started) / 1000, text).toBeLessThan(1500);
  }
});

test.each([".env", "a/.env.production", "id_rsa", ".ssh/id_ed25519", ".netrc", "credentials.json", "keys/app.P12"])(
  "the file %s is refused by its name",
  (path) => {
    expect(secretFile(path)).not.toBeNull();
  },
);

test.each([".env.example", ".npmrc", "id_rsa.pub", "environment.ts", "credentials.ts", "key.pem"])(
  "the file %s is judged by its contents",
  (path) => {
    expect(secretFile(path)).toBeNull();
  },
);
