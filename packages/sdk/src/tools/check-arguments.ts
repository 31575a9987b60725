import { Validator } from "@cfworker/json-schema";
import { SdkError } from "../error.ts";

/** As zod, Valibot, ArkType and others have it: https://standardschema.dev. Only whether it fits is asked. */
export type StandardSchema = {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ValidationOutcome | Promise<ValidationOutcome>;
  };
};
type ValidationOutcome = { readonly issues?: readonly ValidationIssue[] | undefined };
type ValidationIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

/** A JSON Schema, or a schema of a validation library, or a function that says what is wrong (null: nothing). */
export type ToolParameters =
  Readonly<Record<string, unknown>> | StandardSchema | ((input: unknown) => string | null | Promise<string | null>);

/** What is wrong with the arguments; null: nothing. */
export type ArgumentCheck = (input: unknown) => Promise<string | null>;

const MAX_PROBLEMS = 5;

export function createArgumentCheck(tool: string, parameters: ToolParameters): ArgumentCheck {
  // First: schemas of some libraries are functions.
  if ("~standard" in parameters) return createStandardCheck(parameters as StandardSchema);
  if (typeof parameters === "function") return async (input) => await parameters(input);
  return createSchemaCheck(tool, parameters);
}

function createStandardCheck({ "~standard": standard }: StandardSchema): ArgumentCheck {
  return async (input) => {
    const { issues } = await standard.validate(input);
    if (issues === undefined) return null;
    return listed(issues.map(({ message, path = [] }) => `${pointerOf(path)}: ${message}`));
  };
}

function createSchemaCheck(tool: string, schema: Readonly<Record<string, unknown>>): ArgumentCheck {
  const validator = openValidator(tool, schema);
  return async (input) => {
    const { valid, errors } = validator.validate(input);
    if (valid) return null;
    // Every enclosing keyword fails along with the one that says what is wrong.
    const telling = errors.filter(({ instanceLocation }, index) => {
      return !errors.some((other, at) => at > index && other.instanceLocation.startsWith(`${instanceLocation}/`));
    });
    return listed(
      telling.map(({ instanceLocation, keyword, error }) => {
        return `${instanceLocation.slice(1) || "/"}: ${keyword === "false" ? "is not allowed" : error}`;
      }),
    );
  };
}

function openValidator(tool: string, schema: Readonly<Record<string, unknown>>): Validator {
  try {
    const validator = new Validator(schema, "2020-12", false);
    // References that lead nowhere show at the first use only.
    validator.validate({});
    return validator;
  } catch (cause) {
    throw new SdkError({
      code: "schema_invalid",
      message: `the parameters of the tool "${tool}" are no usable JSON Schema: ${String(cause)}`,
      hint: "give the schema that the release's tool component has",
      cause,
    });
  }
}

function pointerOf(path: NonNullable<ValidationIssue["path"]>): string {
  return path.map((part) => `/${String(typeof part === "object" ? part.key : part)}`).join("") || "/";
}

function listed(problems: readonly string[]): string {
  const more = problems.length > MAX_PROBLEMS ? `; and ${problems.length - MAX_PROBLEMS} more` : "";
  return problems.slice(0, MAX_PROBLEMS).join("; ") + more;
}
