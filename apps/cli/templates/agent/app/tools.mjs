// What the agent's tools do. agent.yaml declares them, the release pins their descriptions and schemas, and this file
// holds one function per tool. A tool that is declared and not here tells the model so, as an error of the call.

/** By tool name: from the model's arguments to a result that JSON can say. Throw to tell the model what went wrong. */
export function createTools({ log }) {
  return new Map([
    ["current_time", currentTime],
    ["escalate_to_human", (input, { session }) => escalateToHuman(input, { session, log })],
  ]);
}

function currentTime({ timeZone = "UTC" }) {
  const now = new Date();
  try {
    const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone }).format(now);
    return { utc: now.toISOString(), timeZone, local };
  } catch {
    throw new Error(`found no time zone ${JSON.stringify(timeZone)}, expected a name such as "Europe/Berlin"`);
  }
}

// Put your help desk here. Until then the log is where a person finds it, and the model is told no more than that.
function escalateToHuman({ reason }, { session, log }) {
  log("warn", `a person is asked to take over: ${String(reason).slice(0, 400)}`, { session });
  return { noted: "in the agent's log; a person reads it when they next look there" };
}
