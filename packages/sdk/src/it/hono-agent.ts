import { serve } from "@hono/node-server";
import { trace } from "@opentelemetry/api";
import { Hono } from "hono";

// Knows OpenTelemetry's API, as frameworks do, and nothing of Perch.
const app = new Hono();
app.post("/chat", async (context) => {
  const body = await context.req.text();
  return trace.getTracer("app").startActiveSpan("answer", (span) => {
    span.end();
    return context.text(`heard ${body}`);
  });
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
