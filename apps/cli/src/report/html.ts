/** Text that is HTML already. Everything else is escaped on its way into a template. */
export type Html = { readonly html: string };
type Value = Html | string | number | readonly Html[];

/** What it is given becomes text, never markup, unless it is `Html`. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.reduce((all, part, index) => all + textOf(values[index - 1] ?? "") + part) };
}

export const NOTHING: Html = { html: "" };

function textOf(value: Value): string {
  if (typeof value === "string" || typeof value === "number") return escape(String(value));
  return "html" in value ? value.html : value.map((one) => one.html).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
