/**
 * What a change of a schema does to the values that it accepts: `narrows`, some value that was accepted may be refused;
 * `widens`, some value that was refused may be accepted. Where it cannot be told, both.
 */
export type SchemaEffect = { readonly narrows: boolean; readonly widens: boolean };

/** One change of a JSON Schema, with the JSON path of the place. `words` goes on from the place: "became required". */
export type SchemaChange = SchemaEffect & {
  readonly path: string;
  readonly words: string;
} & (
    | { readonly kind: "propertyAdded"; readonly isRequired: boolean; readonly hasDefault: boolean }
    | { readonly kind: "propertyRemoved"; readonly wasRequired: boolean }
    | { readonly kind: "becameRequired"; readonly hasDefault: boolean }
    | { readonly kind: "becameOptional" }
    | { readonly kind: "retyped"; readonly from: string; readonly to: string }
    | { readonly kind: "narrowed"; readonly keyword: string }
    | { readonly kind: "widened"; readonly keyword: string }
    /** Changed in a way of which cannot be told what it does. */
    | { readonly kind: "undecided"; readonly keyword: string }
    /** Changes what people and models read, not what is accepted. */
    | { readonly kind: "note"; readonly keyword: string }
  );

export const NO_EFFECT: SchemaEffect = { narrows: false, widens: false };
const ANY_EFFECT: SchemaEffect = { narrows: true, widens: true };

type Place = { readonly path: string; readonly keyword: string };

export function narrowed({ path, keyword }: Place, words: string): SchemaChange {
  return { kind: "narrowed", path, keyword, words, narrows: true, widens: false };
}

export function widened({ path, keyword }: Place, words: string): SchemaChange {
  return { kind: "widened", path, keyword, words, narrows: false, widens: true };
}

export function undecided({ path, keyword }: Place, words: string): SchemaChange {
  return { kind: "undecided", path, keyword, words, ...ANY_EFFECT };
}

export function note({ path, keyword }: Place, words: string): SchemaChange {
  return { kind: "note", path, keyword, words, ...NO_EFFECT };
}

/** The path of a member: `$.order.id`, `$.order["delivery date"]`. */
export function memberPath(path: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}
