import { AbstractChat, DefaultChatTransport, type UIMessage } from "ai";

export type ChatOptions = {
  readonly id: string;
  readonly agentUrl: string;
  readonly fetch: typeof fetch;
  readonly messages?: readonly UIMessage[];
};

/** What `useChat` is without React: the SDK's own chat over the SDK's own transport. The class has to be derived from. */
export class Chat extends AbstractChat<UIMessage> {
  constructor({ id, agentUrl, fetch, messages = [] }: ChatOptions) {
    const transport = new DefaultChatTransport<UIMessage>({ api: `${agentUrl}/api/chat`, fetch });
    super({ id, transport, state: stateOf(messages) });
  }
}

function stateOf(before: readonly UIMessage[]): ConstructorParameters<typeof AbstractChat<UIMessage>>[0]["state"] {
  const messages = [...before];
  return {
    status: "ready",
    error: undefined,
    messages,
    pushMessage(message) {
      this.messages = [...this.messages, message];
    },
    popMessage() {
      this.messages = this.messages.slice(0, -1);
    },
    replaceMessage(index, message) {
      this.messages = this.messages.with(index, message);
    },
    snapshot: (thing) => structuredClone(thing),
  };
}

/** The words of the last message if it is the assistant's. */
export function answerOf(chat: AbstractChat<UIMessage>): readonly string[] {
  const last = chat.messages.at(-1);
  if (last?.role !== "assistant") return [];
  return last.parts.flatMap((part) => (part.type === "text" ? part.text.trim().split(/\s+/) : []));
}
