import type { Migration } from "./migrate.ts";

// What an agent passed so that a repeat of its call counts once. Rows from before do not know.
export const idempotencyKeys: Migration = {
  version: 12,
  name: "idempotency-keys",
  statements: ["ALTER TABLE perch.spans ADD COLUMN IF NOT EXISTS tool_idempotency_key Nullable(String)"],
};
