import { z } from "zod";

/** A column that holds null or a text which `parse` accepts. */
export function nullable<T>(parse: (text: string) => T) {
  return z
    .string()
    .nullable()
    .transform((text) => (text === null ? null : parse(text)));
}
