/** What the model can see of one request, in the words that the answer logic needs. */
export type Message =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly callId: string; readonly text: string };

export type ToolCall = { readonly id: string; readonly name: string };

export type Conversation = {
  readonly messages: readonly Message[];
  /** Names of the tools that the request offers; only these are ever called. */
  readonly tools: ReadonlySet<string>;
};

export type ToolResult = { readonly name: string; readonly text: string };

const ORDER_ID = /\b[A-Z]-\d{5,7}\b/;

export function systemPromptOf(conversation: Conversation): string {
  return conversation.messages.flatMap((message) => (message.role === "system" ? [message.text] : [])).join("\n");
}

export function userTextsOf(conversation: Conversation): readonly string[] {
  return conversation.messages.flatMap((message) => (message.role === "user" ? [message.text] : []));
}

export function orderIdIn(text: string): string | null {
  return ORDER_ID.exec(text)?.[0] ?? null;
}

/** Answers of tools in the order of the calls; `sinceLastUser` leaves out those of earlier turns. */
export function toolResultsOf(conversation: Conversation, scope: "all" | "sinceLastUser"): readonly ToolResult[] {
  const nameOf = new Map<string, string>();
  let results: ToolResult[] = [];
  for (const message of conversation.messages) {
    if (message.role === "user" && scope === "sinceLastUser") results = [];
    if (message.role === "assistant") for (const call of message.calls) nameOf.set(call.id, call.name);
    if (message.role === "tool") results.push({ name: nameOf.get(message.callId) ?? "", text: message.text });
  }
  return results;
}
