/** Hands over the events of a stream one after the other, as text, until it ends. */
export async function readEvents(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (text: string) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder();
  for (let rest = ""; ;) {
    const chunk = await reader.read();
    if (chunk.done) return;
    rest += decoder.decode(chunk.value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) await take(event);
  }
}
