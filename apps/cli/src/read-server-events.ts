export type ServerEvent = { readonly name: string; readonly data: string };

/**
 * The events of a `text/event-stream` body as they arrive, by the WHATWG rules that matter here: fields `event` and
 * `data`, comments skipped, an event ends at an empty line, and one cut off by the end of the stream is dropped.
 */
export async function* readServerEvents(response: Pick<Response, "body">): AsyncGenerator<ServerEvent> {
  if (response.body === null) return;
  let pending = "";
  let block: string[] = [];
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines.map((text) => text.replace(/\r$/, ""))) {
      if (line !== "") {
        block.push(line);
        continue;
      }
      const event = parseBlock(block);
      block = [];
      if (event !== null) yield event;
    }
  }
}

function parseBlock(lines: readonly string[]): ServerEvent | null {
  const values = (field: string): string[] =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ""));
  const data = values("data");
  return data.length === 0 ? null : { name: values("event").at(-1) ?? "message", data: data.join("\n") };
}
