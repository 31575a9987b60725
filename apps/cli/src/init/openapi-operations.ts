import type { JsonValue } from "@perch/domain";
import { CliError } from "../cli-error.ts";
import { isJsonObject, memberOf, type JsonObject } from "./json-object.ts";
import type { Dialect } from "./openapi-dialect.ts";
import { followReferences, type OpenApiSource } from "./openapi-source.ts";

/** One operation of an OpenAPI document, with what its path says for all of its operations. */
export type Operation = {
  readonly method: "get" | "head" | "put" | "delete" | "post" | "patch";
  readonly path: string;
  readonly operation: JsonObject;
  readonly pathParameters: readonly JsonValue[];
  /** The document that it stands in, since a path may be kept in a file of its own. */
  readonly base: string;
};

const METHODS = ["get", "head", "put", "delete", "post", "patch"] as const;

/** Every operation in the order of the document. */
export function operationsOf(source: OpenApiSource): readonly Operation[] {
  const paths = memberOf(source.documents.get(source.root), "paths");
  if (!isJsonObject(paths)) {
    throw notOpenApi(`no "paths" in ${source.root}`, "an OpenAPI document that describes operations");
  }
  return Object.entries(paths).flatMap(([path, value]) => {
    if (!path.startsWith("/") || value === undefined) return [];
    const item = followReferences(source, value, source.root);
    return METHODS.flatMap((method) => {
      const operation = memberOf(item.value, method);
      if (!isJsonObject(operation)) return [];
      const parameters = memberOf(item.value, "parameters");
      return [
        { method, path, operation, base: item.base, pathParameters: Array.isArray(parameters) ? parameters : [] },
      ];
    });
  });
}

/** Throws `CliError` `input_invalid` for anything but OpenAPI 3.0 and 3.1. */
export function dialectOf(source: OpenApiSource): Dialect {
  const document = source.documents.get(source.root);
  if (memberOf(document, "swagger") !== undefined) {
    const hint = "convert it first, for example with `npx swagger2openapi`";
    throw notOpenApi(`Swagger ${versionIn(document, "swagger")} in ${source.root}`, "OpenAPI 3.0 or 3.1", hint);
  }
  const [, minor] = /^3\.([01])(?:\.|$)/.exec(versionIn(document, "openapi")) ?? [];
  if (minor !== undefined) return minor === "0" ? "3.0" : "3.1";
  const found = versionIn(document, "openapi");
  throw notOpenApi(
    `${found === "" ? "no OpenAPI version" : `OpenAPI ${found}`} in ${source.root}`,
    "OpenAPI 3.0 or 3.1",
  );
}

function versionIn(document: JsonValue | undefined, name: string): string {
  const version = memberOf(document, name);
  // Without quotes YAML reads 3.1 as a number, and 3.0 as the number 3.
  if (typeof version === "number") return version === 3 ? "3.0" : String(version);
  return typeof version === "string" ? version.slice(0, 40) : "";
}

function notOpenApi(
  found: string,
  expected: string,
  hint = "give --tools-from-openapi such a file or its URL",
): CliError {
  return new CliError({ code: "input_invalid", message: `found ${found}, expected ${expected}`, hint });
}
