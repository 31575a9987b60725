import type { Migration } from "./migrate.ts";

// Spans came as text, by way of a table without dictionaries. In binary their dictionaries come with them.
export const dropArrivingSpans: Migration = {
  version: 15,
  name: "drop-arriving-spans",
  statements: ["DROP VIEW IF EXISTS spans_of_arriving_spans", "DROP TABLE IF EXISTS arriving_spans"],
};
