/** What a person is told of a failure, whichever package it comes from. */
export function problemOf(error: unknown): { code: string; hint: string } {
  const read = (name: "code" | "hint", otherwise: string): string => {
    const value: unknown = error instanceof Error && name in error ? Reflect.get(error, name) : undefined;
    return typeof value === "string" ? value : otherwise;
  };
  return { code: read("code", "internal"), hint: read("hint", "report this with the lines above it") };
}
