import { appendFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { perch } from "@perch/sdk";
import { z } from "zod";

const REFUND = z.object({ orderId: z.string(), amount: z.number().positive(), idempotencyKey: z.string() });

const lookUp = perch.tool("lookup_order", { effect: "read" }, ({ orderId }: { orderId: string }) =>
  told({ orderId, status: "delivered", total: 60 }),
);

/** The shop's tools, as an MCP server at `/mcp`. Every refund is written to `paidFile`, unless a shadow asked for it. */
export async function serveTools(paidFile: string): Promise<URL> {
  const refund = perch.tool(
    "refund",
    { effect: "write", stub: ({ orderId }) => told({ refunded: true, refundId: `rehearsed-${orderId}` }) },
    ({ orderId, amount, idempotencyKey }: z.infer<typeof REFUND>) => {
      appendFileSync(paidFile, `${orderId} ${amount}\n`);
      return told({ refunded: true, refundId: idempotencyKey });
    },
  );
  const { fetch } = createMcpHandler(() => {
    const server = new McpServer({ name: "shop", version: "1.0.0" });
    const order = z.object({ orderId: z.string() });
    // The MCP server checks the arguments, before it calls.
    server.registerTool("lookup_order", { description: "Finds an order", inputSchema: order }, (input) =>
      lookUp(input),
    );
    server.registerTool("refund", { description: "Pays an order back", inputSchema: REFUND }, (input) => refund(input));
    return server;
  });
  const port = await new Promise<number>((resolve) => {
    serve({ fetch: (request) => fetch(request), port: 0, hostname: "127.0.0.1" }, (at: AddressInfo) =>
      resolve(at.port),
    );
  });
  return new URL(`http://127.0.0.1:${port}/mcp`);
}

function told(result: Readonly<Record<string, unknown>>) {
  return { content: [{ type: "text" as const, text: JSON.stringify(result) }] };
}
