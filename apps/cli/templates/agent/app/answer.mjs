// One turn: the model and the tools take turns until the model has an answer.
const MAX_STEPS = 8;
const MAX_RESULT_CHARACTERS = 50_000;

/** Throws when the model cannot be reached, fails, or was told to stop by `signal`. */
export function createAnswerer({ release, model, tools }) {
  const declared = new Set(release.tools.map(({ name }) => name));
  const system = { role: "system", content: release.systemPrompt };

  return async function answer({ conversation, message, session, signal, trace, onDelta }) {
    const turn = [{ role: "user", content: message }];
    let { escalated } = conversation;
    for (let step = 1; step <= MAX_STEPS; step += 1) {
      const messages = [system, ...conversation.turns.flat(), ...turn];
      // In the last step the model has to answer with what it has.
      const reply = await model.complete({ messages, mayCallTools: step < MAX_STEPS, signal, trace, onDelta });
      turn.push(reply);
      if (reply.tool_calls === undefined) break;
      for (const call of reply.tool_calls) {
        const result = await trace.tool(call, () => runTool(call, session));
        if (result.error === undefined && release.escalationTools.has(call.function.name)) escalated = true;
        turn.push({ role: "tool", tool_call_id: call.id, content: textOf(result) });
      }
    }
    return { turn, escalated };
  };

  /** Never throws: what went wrong is for the model to read, and to tell the user in its own words. */
  async function runTool({ function: { name, arguments: text } }, session) {
    if (!declared.has(name)) return { error: `there is no tool ${JSON.stringify(name)}` };
    const run = tools.get(name);
    if (run === undefined) return { error: `the tool ${name} has no implementation yet: nothing was done` };
    const input = parseArguments(text);
    if (input === null) return { error: "the arguments are no JSON object; call the tool again with one" };
    try {
      return { value: await run(input, { session }) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}

function parseArguments(text) {
  try {
    const value = JSON.parse(text === "" ? "{}" : text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function textOf({ value, error }) {
  const text = JSON.stringify(error === undefined ? (value ?? null) : { error });
  return text.length <= MAX_RESULT_CHARACTERS ? text : `${text.slice(0, MAX_RESULT_CHARACTERS)}… (cut)`;
}
