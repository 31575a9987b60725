import { Validator, type Schema } from "@cfworker/json-schema";
import type { ArgumentSchemas, JsonValue } from "@perch/domain";

/** By JSON Schema 2020-12, as the SDK checks arguments. It stops at the first thing that is wrong. */
export function createArgumentSchemas(): ArgumentSchemas {
  return {
    prepare(schema) {
      const validator = openValidator(schema);
      return validator === null ? null : (value) => fits(validator, value);
    },
  };
}

function openValidator(schema: JsonValue): Validator | null {
  try {
    const validator = new Validator(parseSchema(schema), "2020-12", true);
    // References that lead nowhere show at the first use only.
    validator.validate({});
    return validator;
  } catch {
    return null;
  }
}

function parseSchema(schema: JsonValue): Schema | boolean {
  return schema as Schema | boolean;
}

/** What the schema itself cannot be asked about (a pattern that is none, found only now) refuses nobody. */
function fits(validator: Validator, value: unknown): boolean {
  try {
    return validator.validate(value).valid;
  } catch {
    return true;
  }
}
