// `npm test`: every vitest project one after the other, and the plain closing line that CI reads.
// Unit and integration tests run in parallel inside their project; end-to-end tests have the machine to themselves.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROJECTS = ["unit", "integration", "e2e"];

type Totals = { passed: number; failed: number; skipped: number };

const scratch = mkdtempSync(join(tmpdir(), "perch-tests-"));
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const chosen = process.argv.slice(2);
for (const project of chosen.length > 0 ? chosen : PROJECTS) {
  const outcome = await runProject(project);
  totals.passed += outcome.passed;
  totals.failed += outcome.failed;
  totals.skipped += outcome.skipped;
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

async function runProject(project: string): Promise<Totals> {
  const report = join(scratch, `${project}.json`);
  const code = await run([
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  const counted = readReport(report);
  // A run that ended badly without naming a failed test (a crash, a file that does not load) is a failure too.
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

function run(args: string[]): Promise<number> {
  const vitest = new URL("../node_modules/vitest/vitest.mjs", import.meta.url).pathname;
  const child = spawn(process.execPath, [vitest, ...args], {
    stdio: "inherit",
    cwd: new URL("..", import.meta.url).pathname,
    // Tests start some hundred processes of the same few programs: each program is compiled once.
    env: { ...process.env, NODE_COMPILE_CACHE: join(scratch, "compile-cache") },
  });
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

function readReport(file: string): Totals {
  try {
    const report = parseReport(readFileSync(file, "utf8"));
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function parseReport(text: string): { numPassedTests: number; numFailedTests: number; numPendingTests: number } {
  return JSON.parse(text) as { numPassedTests: number; numFailedTests: number; numPendingTests: number };
}
