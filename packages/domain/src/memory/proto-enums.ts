import type { Findings } from "./findings.ts";
import type { ProtoEnum } from "./proto-schema.ts";

type Enums = { readonly reader: ProtoEnum; readonly writer: ProtoEnum; readonly path: string };

/** Values are numbers on the wire; their names are compared because a number that changed hands means something else. */
export function compareEnums({ reader, writer, path }: Enums, { problem, note }: Findings): void {
  const numbers = new Map(reader.values.map((value) => [value.name, value.number]));
  const byNumber = Map.groupBy(reader.values, (value) => value.number);
  for (const { name, number } of writer.values) {
    const moved = numbers.get(name);
    if (moved === number) continue;
    const names = (byNumber.get(number) ?? []).map((value) => value.name);
    if (moved !== undefined) problem(path, `${name} is ${moved} to the reader and ${number} to the writer`);
    else if (names.length > 0)
      note(path, `value ${number} is ${names.join(" or ")} to the reader and ${name} to the writer`);
    else if (reader.isClosed)
      problem(path, `the reader does not know ${name} (${number}) and drops it, since its enum is closed`);
    else note(path, `the reader does not know ${name} (${number}) and sees its number only`);
  }
}
