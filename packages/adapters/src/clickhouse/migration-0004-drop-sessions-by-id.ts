import type { Migration } from "./migrate.ts";

export const dropSessionsById: Migration = {
  version: 4,
  name: "drop-sessions-by-id",
  statements: ["DROP TABLE IF EXISTS perch.sessions"],
};
