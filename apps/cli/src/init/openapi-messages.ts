import type { JsonValue } from "@perch/domain";
import { isJsonObject, memberOf, textAt, type JsonObject } from "./json-object.ts";
import type { Operation } from "./openapi-operations.ts";
import { convertSchemas, type ConvertSchema, type SchemaContext } from "./openapi-schema.ts";
import { followReferences, type Located } from "./openapi-source.ts";

export type ConversionContext = Omit<SchemaContext, "leaveOut"> & { readonly operation: Operation };

/** The one object that a tool is called with: each parameter under its name, the JSON body as `body`. */
export function requestSchema(context: ConversionContext): JsonObject | null {
  const parameters = parametersOf(context);
  const body = bodyOf(context);
  if (body === "unreadable") return null;
  const schema = convertSchemas({ ...context, leaveOut: "readOnly" }, (convert) => {
    const members = parameters.map((parameter) => [parameter.name, parameterSchema(parameter, convert)] as const);
    const required = parameters.filter((parameter) => parameter.isRequired).map((parameter) => parameter.name);
    if (body !== null) {
      members.push(["body", convert(body.schema, body.base)]);
      if (body.isRequired) required.push("body");
    }
    return {
      type: "object",
      properties: Object.fromEntries(members),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    };
  });
  return isJsonObject(schema) ? schema : null;
}

/** The JSON Schema of the first successful response that has one. */
export function responseSchema(context: ConversionContext): JsonObject | null {
  const { operation, source } = context;
  const responses = memberOf(operation.operation, "responses");
  if (!isJsonObject(responses)) return null;
  for (const status of Object.keys(responses)
    .filter((code) => /^2(\d\d|XX)$/i.test(code))
    .sort()) {
    const response = followReferences(source, responses[status] ?? null, operation.base);
    const found = jsonContent(response);
    if (found === null) continue;
    const schema = convertSchemas({ ...context, leaveOut: "writeOnly" }, (convert) => convert(found.value, found.base));
    return isJsonObject(schema) ? schema : null;
  }
  return null;
}

type Parameter = {
  readonly name: string;
  readonly isRequired: boolean;
  readonly description: string | null;
  readonly schema: JsonValue;
  readonly base: string;
};

const PLACES = new Set(["path", "query", "header"]);
/** OpenAPI says that these come from elsewhere in the document. */
const NOT_PARAMETERS = new Set(["accept", "content-type", "authorization"]);

function parametersOf({ operation, source, note }: ConversionContext): readonly Parameter[] {
  const own = memberOf(operation.operation, "parameters");
  const all = [...operation.pathParameters, ...(Array.isArray(own) ? own : [])];
  // The operation's own parameter replaces that of its path with the same name and place.
  const found = new Map<string, { readonly place: string; readonly name: string; readonly at: Located }>();
  for (const entry of all) {
    const at = followReferences(source, entry, operation.base);
    const name = textAt(at.value, "name");
    const place = textAt(at.value, "in");
    if (name === null || place === null) note("a parameter without a name or place was left out");
    else if (!PLACES.has(place)) note(`the ${place.slice(0, 20)} parameter ${JSON.stringify(name)} was left out`);
    else if (place !== "header" || !NOT_PARAMETERS.has(name.toLowerCase()))
      found.set(`${place} ${name}`, { place, name, at });
  }
  const used = new Set(["body"]);
  return [...found.values()].map(({ place, name, at }) => {
    const wanted = used.has(name) ? `${place}_${name}` : name;
    if (wanted !== name) note(`the ${place} parameter ${JSON.stringify(name)} is called ${JSON.stringify(wanted)}`);
    used.add(wanted);
    return { name: wanted, ...parameterOf(place, at) };
  });
}

function parameterOf(place: string, { value, base }: Located): Omit<Parameter, "name"> {
  const [content] = Object.values(Object(memberOf(value, "content")));
  return {
    isRequired: place === "path" || memberOf(value, "required") === true,
    description: textAt(value, "description"),
    schema: memberOf(value, "schema") ?? memberOf(content, "schema") ?? true,
    base,
  };
}

function parameterSchema({ schema, base, description }: Parameter, convert: ConvertSchema): JsonValue {
  const converted = convert(schema, base);
  if (description === null || !isJsonObject(converted)) return converted;
  return { ...converted, description };
}

type Body = { readonly schema: JsonValue; readonly base: string; readonly isRequired: boolean };

/** "unreadable": it has to have a body that no JSON can be. */
function bodyOf({ operation, source, note }: ConversionContext): Body | null | "unreadable" {
  const entry = memberOf(operation.operation, "requestBody");
  if (entry === undefined) return null;
  const body = followReferences(source, entry, operation.base);
  const isRequired = memberOf(body.value, "required") === true;
  const found = jsonContent(body);
  if (found !== null) return { schema: found.value, base: found.base, isRequired };
  const types = Object.keys(Object(memberOf(body.value, "content")))
    .join(", ")
    .slice(0, 200);
  if (isRequired) note(`left out: its body is ${types || "of no type"}, not JSON`);
  else note(`its optional body (${types || "of no type"}) is not JSON and was left out`);
  return isRequired ? "unreadable" : null;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;

/** The schema of what is sent as JSON; null when nothing is. */
function jsonContent({ value, base }: Located): Located | null {
  const content = memberOf(value, "content");
  if (!isJsonObject(content)) return null;
  const types = Object.keys(content);
  // A range such as */* takes in JSON too.
  const type = types.find((name) => JSON_TYPE.test(name)) ?? types.find((name) => /^(?:application|\*)\/\*/.test(name));
  if (type === undefined) return null;
  return { value: memberOf(content[type], "schema") ?? true, base, key: "" };
}
