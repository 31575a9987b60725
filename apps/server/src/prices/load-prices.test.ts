import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { priceTableJsonSchema } from "@perch/domain";
import { expect, test } from "vitest";
import { loadPrices } from "./load-prices.ts";
import builtIn from "./prices.json" with { type: "json" };

function aFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "perch-prices-")), "prices.yaml");
  writeFileSync(file, text);
  return file;
}

test("the schema beside the built-in prices is the one that they are read by", () => {
  const written: unknown = JSON.parse(readFileSync(new URL("prices.schema.json", import.meta.url), "utf8"));
  expect(written).toEqual(priceTableJsonSchema());
});

test("every built-in price is found by the name that it is for", () => {
  const prices = loadPrices(null);
  const wrong = builtIn.prices.filter(({ provider, model, input }) => {
    return prices.priceOf({ provider, model })?.input !== input;
  });
  expect(wrong).toEqual([]);
  expect(prices.versions).toEqual([builtIn.version]);
});

test("cached input is never dearer than other input, and output never cheaper than input", () => {
  const odd = builtIn.prices.filter(
    (price) => ("cachedInput" in price ? (price.cachedInput ?? 0) : 0) > price.input || price.output < price.input,
  );
  expect(odd).toEqual([]);
});

test("a file's prices go before the built-in ones, which stay for all other models", () => {
  const file = aFile(
    `version: ours\ncurrency: USD\nprices:\n  - { provider: openai, model: gpt-4o, input: 1, output: 2 }\n`,
  );
  const prices = loadPrices(file);
  expect(prices.versions).toEqual(["ours", builtIn.version]);
  expect(prices.priceOf({ provider: "openai", model: "gpt-4o-2024-08-06" })).toMatchObject({ input: 1, output: 2 });
  expect(prices.priceOf({ provider: "openai", model: "o3" })).toMatchObject({ input: 2 });
});

test("a file that is none, or is wrong, is refused with the place of everything that is wrong with it", () => {
  expect(() => loadPrices("/nowhere/prices.yaml")).toThrow("--price-file: cannot read /nowhere/prices.yaml");
  const file = aFile(`version: ours\ncurrency: EUR\nprices:\n  - { provider: p, model: m, input: 1 }\n`);
  expect(() => loadPrices(file)).toThrow(/prices\.yaml:2: currency: .*; .*prices\.yaml:4: prices\.0\.output: /);
});
