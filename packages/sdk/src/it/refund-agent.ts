import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { perch } from "../index.ts";

// A small agent that pays money back, and writes down what it really paid.
const { PORT = "0", PERCH_VERSION = "", PAID_FILE = "" } = process.env;

const refund = perch.tool(
  "refund",
  {
    effect: "write",
    parameters: { type: "object", properties: { amount: { type: "number", maximum: 180 } }, required: ["amount"] },
    stub: { refundId: "none, this is a shadow" },
  },
  (input: { amount: number }) => {
    appendFileSync(PAID_FILE, `${PERCH_VERSION} ${input.amount}\n`);
    return { refundId: `r-${input.amount}` };
  },
);

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  // Outside of any promise of the request: only the SDK knows which turn this is.
  request.on("end", () => {
    answer(body).then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
});

async function answer(body: string): Promise<string> {
  const input = JSON.parse(body) as { amount: number };
  const paid = await refund(input);
  await perch.memory.write("customers", () => {});
  perch.boundary.safe();
  const receipt = await perch.outcome("success", { score: 0.9 });
  return JSON.stringify({ ...paid, session: perch.session(), receipt });
}

server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
