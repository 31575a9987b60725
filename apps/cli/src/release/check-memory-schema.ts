import { parseProto } from "@perch/adapters/protobuf";
import { ReleaseError, type AgentSpec, type SpecProblem } from "@perch/domain";

/** What is wrong with a memory schema in Protobuf: the one kind of file that the domain has no parser for. */
export function checkMemorySchema({ spec }: AgentSpec, files: ReadonlyMap<string, Uint8Array>): readonly SpecProblem[] {
  const schema = spec.memory?.schema;
  const bytes = schema?.format === "protobuf" ? files.get(schema.file) : undefined;
  if (schema === undefined || bytes === undefined) return [];
  try {
    parseProto(new TextDecoder().decode(bytes));
    return [];
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    const problem = { path: ["spec", "memory", "schema", "file"], message: error.message };
    const line = error.problems[0]?.line;
    return [line === undefined ? problem : { ...problem, at: { file: schema.file, line, column: 1 } }];
  }
}
