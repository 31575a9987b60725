// The model: an endpoint that speaks OpenAI's chat completions, streamed.
const ANSWER_TIMEOUT_MS = 120_000;

export function createModel({ baseUrl, apiKey, name, release }) {
  const url = `${baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const headers = {
    "content-type": "application/json",
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  const offered = release.tools.map(({ name, description, parameters }) => ({
    type: "function",
    function: { name, description, parameters },
  }));

  async function request({ messages, mayCallTools, signal }) {
    const tools = offered.length === 0 ? {} : { tools: offered, tool_choice: mayCallTools ? "auto" : "none" };
    const stream = { stream: true, stream_options: { include_usage: true } };
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...release.model.parameters, model: name, messages, ...tools, ...stream }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    if (response.ok) return response;
    throw new Error(`the model's endpoint answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  }

  return {
    /** The model's message, with `tool_calls` if it has any. Its text is handed to `onDelta` piece by piece. */
    complete: ({ trace, onDelta, ...call }) =>
      trace.model(name, async () => readCompletion(eventsOf(await request(call)), onDelta)),
  };
}

async function readCompletion(events, onDelta) {
  const read = { content: "", calls: [], usage: null, isFinished: false };
  for await (const event of events) {
    if (event.error) throw new Error(`the model failed: ${String(event.error.message ?? "no reason given")}`);
    read.usage = event.usage ?? read.usage;
    // The last event may hold the usage alone.
    if (event.choices?.[0] !== undefined) addChoice(read, event.choices[0], onDelta);
  }
  if (!read.isFinished) throw new Error("the model's answer broke off");
  const { content, usage } = read;
  const calls = read.calls.filter((call) => call !== undefined);
  if (content === "" && calls.length === 0) throw new Error("the model gave an empty answer");
  const message = { role: "assistant", content: content === "" ? null : content };
  return { message: calls.length === 0 ? message : { ...message, tool_calls: calls }, usage };
}

function addChoice(read, { delta, finish_reason: finishReason }, onDelta) {
  if (delta?.content) {
    read.content += delta.content;
    onDelta(delta.content);
  }
  for (const piece of delta?.tool_calls ?? []) addPiece(read.calls, piece);
  if (finishReason) read.isFinished = true;
}

/** A call comes in pieces with the same index: first its id and name, then its arguments bit by bit. */
function addPiece(calls, { index, id, function: part }) {
  const at = Number.isInteger(index) && index >= 0 && index < 128 ? index : calls.length;
  calls[at] ??= { id: id ?? `call_${at}`, type: "function", function: { name: "", arguments: "" } };
  calls[at].function.name += part?.name ?? "";
  calls[at].function.arguments += part?.arguments ?? "";
}

/** The `data:` events of a stream of server-sent events, as JSON. */
async function* eventsOf(response) {
  let data = [];
  for await (const line of linesOf(response.body.pipeThrough(new TextDecoderStream()))) {
    if (line.startsWith("data:")) data.push(line.slice("data:".length).trimStart());
    // An empty line ends an event; comments and other fields are skipped.
    if (line !== "" || data.length === 0) continue;
    const text = data.join("\n");
    if (text === "[DONE]") return;
    data = [];
    yield JSON.parse(text);
  }
}

async function* linesOf(chunks) {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop();
    yield* lines;
  }
  yield rest;
  yield "";
}
