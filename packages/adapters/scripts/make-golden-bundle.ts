// Writes what the bundles of golden-bundle.json become, beside what they are made of. Run it only when a new apiVersion is
// meant: `node packages/adapters/scripts/make-golden-bundle.ts`. Whatever it changes, published releases change with it.
import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildRelease, checkAgentSpec, translatorFile } from "@perch/domain";
import { z } from "zod";
import { packDirectory } from "../src/release-artifact/index.ts";

const FIXTURE = new URL("../../domain/src/release/__fixtures__/golden-bundle.json", import.meta.url);
const fixtureSchema = z.looseObject({
  bundles: z.array(
    z.looseObject({
      agent: z.json(),
      files: z.record(z.string(), z.string()),
      directory: z
        .object({ files: z.record(z.string(), z.string()), links: z.record(z.string(), z.string()) })
        .nullable(),
    }),
  ),
});
type Bundle = z.infer<typeof fixtureSchema>["bundles"][number];

async function packed(directory: NonNullable<Bundle["directory"]>): Promise<Uint8Array> {
  const root = await mkdtemp(join(tmpdir(), "perch-golden-"));
  try {
    for (const [path, text] of Object.entries(directory.files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    for (const [path, target] of Object.entries(directory.links)) await symlink(target, join(root, path));
    return (await packDirectory(root)).bytes;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function expectedOf({ agent, files, directory }: Bundle): Promise<unknown> {
  const checked = checkAgentSpec(agent);
  if (checked.kind === "invalid") throw new Error(JSON.stringify(checked.problems));
  const orchestration = directory === null ? null : await packed(directory);
  const inside = Object.entries(directory?.files ?? {}).map(
    ([path, text]) => [translatorFile("app", path), text] as const,
  );
  const outcome = buildRelease({
    spec: checked.spec,
    files: new Map([...Object.entries(files), ...inside].map(([path, text]) => [path, Buffer.from(text)])),
    orchestration,
  });
  if (outcome.kind === "invalid") throw new Error(JSON.stringify(outcome.problems));
  const { digest, ociManifest, blobs } = outcome.release;
  return {
    digest,
    ociManifest: Buffer.from(ociManifest).toString("base64"),
    blobs: Object.fromEntries([...blobs].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")])),
  };
}

const fixture = fixtureSchema.parse(JSON.parse(await readFile(FIXTURE, "utf8")));
const bundles = [];
for (const bundle of fixture.bundles) bundles.push({ ...bundle, expected: await expectedOf(bundle) });
await writeFile(FIXTURE, `${JSON.stringify({ ...fixture, bundles }, null, 2)}\n`);
