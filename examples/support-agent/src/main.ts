import { createAnswerer } from "./chat/answer-turn.ts";
import { createChatServer } from "./chat/chat-server.ts";
import { createConversations } from "./chat/conversations.ts";
import { createModel } from "./model/create-model.ts";
import { readReleaseParts } from "./release/read-release-parts.ts";
import { readSettings } from "./settings/read-settings.ts";
import { createRefundDesk } from "./shop/refunds.ts";
import { startTelemetry } from "./telemetry/start-telemetry.ts";
import { createTools } from "./tools/create-tools.ts";

try {
  await start();
} catch (error) {
  log("error", error instanceof Error ? error.message : String(error), {});
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const parts = await readReleaseParts(settings.releaseDirectory);
  const telemetry = startTelemetry({ endpoint: settings.otlpEndpoint, version: settings.version });
  const model = createModel({
    baseUrl: settings.modelBaseUrl,
    apiKey: settings.modelApiKey,
    name: settings.modelName ?? parts.model.name,
  });
  const server = createChatServer({
    answer: createAnswerer({ parts, model, tools: createTools(parts, createRefundDesk()) }),
    conversations: createConversations({ maxSessions: 20_000, maxTurns: 20, idleMs: 1_800_000, now: Date.now }),
    version: settings.version,
    log,
  });
  server.once("error", (error) => {
    log("error", error.message, {});
    process.exit(1);
  });
  server.listen(settings.port, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : settings.port;
    process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
  });
  const stop = () => {
    // A connection that is kept alive after its answer would hold the process: closed as soon as it is idle.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    // Answers in progress are finished; then the last spans are sent, and the process ends by itself.
    server.close(() => {
      clearInterval(sweep);
      telemetry.stop().catch((error: unknown) => log("warn", `the last spans were not sent: ${String(error)}`, {}));
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function log(level: "info" | "warn" | "error", message: string, ids: Readonly<Record<string, string>>): void {
  process.stderr.write(`${JSON.stringify({ level, at: new Date().toISOString(), message, ...ids })}\n`);
}
