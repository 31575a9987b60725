import type { Findings } from "./findings.ts";

type Names = { readonly reader: string; readonly writer: string; readonly path: string };

/** One check of Protobuf schemas under way. Messages and enums that fields refer to are compared once for each pair. */
export type ProtoCheck = {
  readonly findings: Findings;
  readonly compareMessages: (names: Names) => void;
  readonly compareEnums: (names: Names) => void;
};
