import { createServer } from "node:http";
import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { perch } from "../index.ts";

// Has tracing of its own; the answer says what that got.
const exporter = new InMemorySpanExporter();
const spanProcessors = [perch.spanProcessor(), new SimpleSpanProcessor(exporter)];
new NodeTracerProvider({ spanProcessors }).register();

const server = createServer((_request, response) => {
  trace.getTracer("app").startActiveSpan("answer", (span) => span.end());
  const spans = exporter.getFinishedSpans().map(({ name, attributes, parentSpanContext }) => {
    return { name, attributes, parent: parentSpanContext?.spanId };
  });
  response.end(JSON.stringify({ provider: perch.start().provider, spans }));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
