/** The options of `perch init` as they were given. */
export type InitFlags = {
  readonly name?: string;
  readonly version?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly framework?: string;
  readonly toolsFromMcp?: string;
  readonly mcpHeader: readonly string[];
  readonly mcpTimeout: number;
  readonly toolsFromOpenapi?: string;
  readonly toolsFilter?: string;
  readonly toolAuthRef?: string;
  readonly fromProject?: string;
  readonly orchestrationDir?: string;
  readonly entrypoint?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
};
