/** The part of a release's `policy` component that telemetry needs. Empty lists mean "declared none". */
export type ReleasePolicy = {
  /** A session that calls one of these tools counts as escalated. */
  readonly escalationTools: readonly string[];
  /** A session that calls one of these tools without an error counts as successful. */
  readonly successTools: readonly string[];
};

export const EMPTY_POLICY: ReleasePolicy = { escalationTools: [], successTools: [] };
