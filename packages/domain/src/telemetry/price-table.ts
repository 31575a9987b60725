import { z } from "zod";

const name = z.string().min(1).max(200);
const perMillion = z.number().nonnegative().max(1_000_000);
const rates = {
  input: perMillion.describe("USD for a million tokens of input."),
  cachedInput: perMillion.optional().describe("Of input that was read from a cache; as other input unless said."),
  cacheWriteInput: perMillion.optional().describe("Of input that was written to a cache; as other input unless said."),
  output: perMillion.describe("Of output, reasoning included."),
};
const priceSchema = z.strictObject({
  provider: name.describe("Who sells the model, e.g. openai."),
  model: name.describe("Without a date: a dated name that has no entry of its own has the price of the undated."),
  ...rates,
  above: z
    .strictObject({ inputTokens: z.number().int().positive(), ...rates })
    .optional()
    .describe("Prices of a whole call whose input has more tokens than this."),
});
const priceTableSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.string().min(1).max(60).describe("Which table this is; a date, for example."),
    currency: z.literal("USD"),
    sources: z.array(z.string().max(500)).max(100).optional().describe("Where the prices were found."),
    providers: z
      .record(name, z.array(name).max(100))
      .optional()
      .describe("Other names under which a provider's models are sold at its prices."),
    prices: z.array(priceSchema).max(10_000),
  })
  .superRefine(({ prices }, context) => {
    const seen = new Set<string>();
    for (const [index, { provider, model }] of prices.entries()) {
      const key = `${provider} ${model}`.toLowerCase();
      if (seen.has(key)) {
        const message = `found the model "${model}" of "${provider}" twice, expected it once`;
        context.addIssue({ code: "custom", message, path: ["prices", index] });
      }
      seen.add(key);
    }
  })
  .meta({ title: "Perch price table", description: "What models cost, in USD for a million tokens." });

export type PriceTable = Readonly<z.infer<typeof priceTableSchema>>;
export type ModelPrice = Readonly<z.infer<typeof priceSchema>>;

export type PriceTableReading =
  | { readonly kind: "valid"; readonly table: PriceTable }
  | { readonly kind: "invalid"; readonly problems: readonly { path: readonly (string | number)[]; message: string }[] };

/** A price table out of what its file holds, or everything that is wrong with it. */
export function readPriceTable(value: unknown): PriceTableReading {
  const parsed = priceTableSchema.safeParse(value);
  if (parsed.success) return { kind: "valid", table: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: path.filter((key) => typeof key !== "symbol"),
    message,
  }));
  return { kind: "invalid", problems };
}

/** The JSON Schema of a price file, for editors and other tools. */
export function priceTableJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(priceTableSchema, { io: "input", target: "draft-2020-12" }) };
}
