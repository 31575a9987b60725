import { html, type Html } from "./html.ts";

type Cell = Html | string;

/** `#` before a head says that the column holds numbers, which stand to the right. */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const isNumber = (index: number): boolean => heads[index]?.startsWith("#") === true;
  const kind = (index: number): string => (isNumber(index) ? "number" : "");
  return html`<div class="wide">
    <table>
      <tr>
        ${heads.map((head, index) => html`<th class="${kind(index)}">${head.replace(/^#/, "")}</th>`)}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell, index) => html`<td class="${kind(index)}">${cell}</td>`)}
          </tr>`,
      )}
    </table>
  </div>`;
}
