// `npm run bench -- NAME [flags]`: runs one benchmark, which prints one JSON object as its last line.
import { readdirSync } from "node:fs";

const SELF = "run";
const known = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".bench.ts"))
  .map((name) => name.replace(/\.bench\.ts$/, ""));
const [name = "", ...flags] = process.argv.slice(2);

if (known.includes(name) && name !== SELF) {
  const { run } = (await import(`./${name}.bench.ts`)) as { run: (flags: readonly string[]) => Promise<unknown> };
  process.stdout.write(`${JSON.stringify(await run(flags))}\n`);
} else {
  process.stderr.write(`found benchmark ${JSON.stringify(name)}, expected one of ${known.join(", ")}\n`);
  process.exitCode = 2;
}
