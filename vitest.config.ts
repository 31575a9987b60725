import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globals: false,
    projects: [
      {
        test: {
          name: "unit",
          // Unit tests hold no state of the process, so files may share one: imports cost more than the tests do.
          isolate: false,
          // None of them waits for anything, so on two cores two go twice as fast.
          maxWorkers: "100%",
          include: [
            "{packages,apps,examples}/*/src/**/*.test.{ts,tsx}",
            "bench/**/*.test.ts",
            "{calibrate,check}/*.test.ts",
          ],
          exclude: ["**/*.it.test.ts", "**/node_modules/**", "**/dist/**"],
          // No test measures time: on a machine that is busy with other things they take longer, and are as true.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["{packages,apps,examples}/*/src/**/*.it.test.ts", "{calibrate,fuzz}/*.it.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          // They start processes and wait for them.
          maxWorkers: "100%",
          // Many start processes one after the other: of a machine that is busy with other things each takes seconds.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.e2e.test.ts"],
          // Longer than a demo waits for its end.
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
