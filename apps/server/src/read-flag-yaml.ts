import { readYaml, type Place } from "@perch/adapters/yaml";
import { UsageError } from "./options.ts";
import { readFlagFile } from "./read-flag-file.ts";

type Path = readonly (string | number)[];

/** What a person wrote into the file of a flag, and how to tell them where it is wrong. */
export type FlagYaml = {
  readonly value: unknown;
  readonly placeOf: (path: Path) => Place;
  /** To be thrown: every problem with its line. */
  readonly refusal: (problems: readonly { readonly path: Path; readonly message: string }[]) => UsageError;
};

/** The file that a flag names, in YAML or JSON. Throws `UsageError` with every mistake in the writing and its line. */
export function readFlagYaml(flag: string, file: string): FlagYaml {
  return parseFlagYaml(readFlagFile(flag, file), { flag, file });
}

export function parseFlagYaml(
  text: string,
  { flag, file }: { readonly flag: string; readonly file: string },
): FlagYaml {
  const read = readYaml(text);
  if (read.kind === "malformed") {
    const problems = read.problems.map(({ line, message }) => `${file}:${line}: ${message}`);
    throw unusableFlag(flag, problems);
  }
  const { value, placeOf } = read;
  return {
    value,
    placeOf,
    refusal: (problems) =>
      unusableFlag(
        flag,
        problems.map(
          ({ path, message }) => `${file}:${placeOf(path).line}: ${path.join(".") || "the file"}: ${message}`,
        ),
      ),
  };
}

/** What a flag names cannot be used. */
export function unusableFlag(flag: string, problems: readonly string[]): UsageError {
  return new UsageError(`${flag}: ${problems.join("; ")}`);
}
