import { describe, expect, test } from "vitest";
import { pythonFrameworks } from "./python-frameworks.ts";

const find = (files: Record<string, string>, installed: readonly string[] = []) =>
  pythonFrameworks({ files: new Map(Object.entries(files)), installed }).map(
    ({ name, version, from, isExact }) => `${name} ${version} ${from} ${isExact ? "exact" : "range"}`,
  );

describe("requirements.txt", () => {
  test.each([
    ["langgraph==1.0.2", "langgraph 1.0.2 requirements.txt exact"],
    ["LangGraph [postgres] == 1.0.2 ; python_version > '3.10'  # why", "langgraph 1.0.2 requirements.txt exact"],
    ["openai_agents>=0.2,<1", "openai-agents >=0.2,<1 requirements.txt range"],
    ["google.adk", "google-adk * requirements.txt range"],
    ["crewai==0.* --hash=sha256:abc", "crewai ==0.* requirements.txt range"],
    ["langgraph @ https://example.org/x.whl", "langgraph * requirements.txt range"],
  ])("%s", (line, found) => {
    expect(find({ "requirements.txt": `-r other.txt\n# langgraph==9\n${line}\nlanggraph-sdk==1\n` })).toEqual([found]);
  });
});

describe("pyproject.toml", () => {
  test("lists dependencies over several lines, with comments and brackets in strings", () => {
    const text =
      '[project]\nname = "x"\ndependencies = [\n  "a[b]>1", # "crewai"\n  \'langgraph[all]~=1.0\',\n]\n[tool.x]\nk = ["crewai"]\n';
    expect(find({ "pyproject.toml": text })).toEqual(["langgraph ~=1.0 pyproject.toml range"]);
  });

  test("has groups and extras", () => {
    const text = '[dependency-groups]\ndev = ["crewai==1.0.0"]\n[project.optional-dependencies]\nx = ["smolagents"]\n';
    expect(find({ "pyproject.toml": text })).toEqual([
      "crewai 1.0.0 pyproject.toml exact",
      "smolagents * pyproject.toml range",
    ]);
  });

  test("may be Poetry's", () => {
    const text =
      '[tool.poetry.dependencies]\npython = "^3.12"\nlanggraph = "^1.0"\ncrewai = { extras = ["tools"], version = "1.2.3" }\n';
    expect(find({ "pyproject.toml": text })).toEqual([
      "langgraph ^1.0 pyproject.toml range",
      "crewai 1.2.3 pyproject.toml exact",
    ]);
  });
});

describe("the exact version comes from", () => {
  const wanted = { "requirements.txt": "langgraph>=1" };
  const lock = '[[package]]\nname = "other"\nversion = "9.9.9"\n\n[[package]]\nname = "langgraph"\nversion = "1.0.4"\n';

  test.each(["poetry.lock", "uv.lock"])("%s", (file) => {
    expect(find({ ...wanted, [file]: lock })).toEqual([`langgraph 1.0.4 ${file} exact`]);
  });

  test("what is installed before any lock file", () => {
    expect(find({ ...wanted, "uv.lock": lock }, ["langgraph-1.1.0.dist-info", "langgraph"])).toEqual([
      "langgraph 1.1.0 langgraph-1.1.0.dist-info exact",
    ]);
  });

  test("a lock file names no framework that the project does not ask for", () => {
    expect(find({ "uv.lock": lock })).toEqual([]);
  });
});

test.each([
  ["[project]\ndependencies = [", []],
  ["[[[[\n=\n= x\n[project\ndependencies", []],
  [`[project]\ndependencies = ["langgraph"${"[".repeat(10_000)}`, ["langgraph * pyproject.toml range"]],
  [`[${" ".repeat(200_000)}`, []],
  ['[project]\n__proto__ = ["langgraph"]\ndescription = """\n[project]\n"""\n', []],
])("TOML that is none, %j, does no harm", (text, found) => {
  expect(find({ "pyproject.toml": text })).toEqual(found);
});
