// Starts the agent: reads its release, then answers HTTP on PORT. `perch deploy` sets the environment.
import { createAnswerer } from "./answer.mjs";
import { createChatServer } from "./chat-server.mjs";
import { createConversations } from "./conversations.mjs";
import { createModel } from "./model.mjs";
import { readRelease } from "./release.mjs";
import { createTelemetry } from "./telemetry.mjs";
import { createTools } from "./tools.mjs";

try {
  await start();
} catch (error) {
  log("error", error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function start() {
  const settings = readSettings(process.env);
  const release = await readRelease(settings.releaseDirectory);
  const telemetry = createTelemetry({ ...settings, log });
  const model = createModel({ ...settings, name: settings.modelName ?? release.model.name, release });
  const answer = createAnswerer({ release, model, tools: createTools({ log }) });
  const server = createChatServer({ answer, telemetry, log, conversations: createConversations(), ...settings });
  server.once("error", (error) => {
    log("error", error.message);
    process.exit(1);
  });
  server.listen(settings.port, settings.host, () => {
    const { address, port } = server.address();
    log("info", `listening on http://${address}:${port}`);
  });
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => stop(server, telemetry));
}

/** Answers in progress are finished and the last spans sent; then the process ends by itself. */
function stop(server, telemetry) {
  // A connection that is kept alive after its answer would hold the process: closed as soon as it is idle.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  server.close(() => {
    clearInterval(sweep);
    telemetry.flush().catch((error) => log("warn", `the last spans were not sent: ${error.message}`));
  });
}

function readSettings(env) {
  const missing = ["PERCH_RELEASE_DIR", "OPENAI_BASE_URL"].filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new Error(
      `found no ${missing.join(" and no ")} in the environment; ` +
        "`perch deploy` sets the first, and OPENAI_BASE_URL names the model's endpoint, such as https://api.openai.com/v1",
    );
  }
  if (!URL.canParse(env.OPENAI_BASE_URL)) throw new Error("found no URL in OPENAI_BASE_URL, expected one");
  return {
    host: env.HOST || "127.0.0.1",
    port: Number(env.PORT || 0),
    releaseDirectory: env.PERCH_RELEASE_DIR,
    agent: env.PERCH_AGENT || "agent",
    version: env.PERCH_VERSION || "0.0.0-undeployed",
    collectorUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT || null,
    baseUrl: env.OPENAI_BASE_URL,
    apiKey: env.OPENAI_API_KEY || null,
    modelName: env.OPENAI_MODEL || null,
  };
}

function log(level, message, ids = {}) {
  process.stderr.write(`${JSON.stringify({ level, at: new Date().toISOString(), message, ...ids })}\n`);
}
