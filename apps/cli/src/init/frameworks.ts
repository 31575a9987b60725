/** A framework that a project uses, as it stands in `orchestration.framework`. */
export type FoundFramework = {
  readonly name: string;
  readonly version: string;
  /** The file that says so, relative to the project. */
  readonly from: string;
  /** False for a range of versions, such as `^1.2.0`. */
  readonly isExact: boolean;
};

/** Their packages' names on npm. */
export const NODE_FRAMEWORKS = ["ai", "@langchain/langgraph", "@openai/agents", "@mastra/core", "@google/adk"] as const;

/** Their packages' names on PyPI, as PEP 503 writes names. */
export const PYTHON_FRAMEWORKS = [
  "langgraph",
  "openai-agents",
  "google-adk",
  "crewai",
  "pydantic-ai",
  "pydantic-ai-slim",
  "autogen-agentchat",
  "llama-index-core",
  "smolagents",
  "strands-agents",
] as const;

/** A text file of a project, by its path relative to it. */
export type ProjectFiles = ReadonlyMap<string, string>;

export function isExactVersion(version: string): boolean {
  return /^\d+(?:\.\d+)+(?:[-+.a-zA-Z0-9]*)$/.test(version) && version.length <= 100;
}
