import type { Digest } from "../release/digest.ts";
import { RoutingError } from "../routing/error.ts";
import type { AgentName, SessionId } from "../routing/ids.ts";

/** What a tool's owner calls one piece of work: 1 to 200 characters, unique among those of an agent and a tool. */
export type TransactionId = string & { readonly brand: "TransactionId" };

/** What a transaction is known by. */
export type TransactionKey = {
  readonly agent: AgentName;
  /** The tool that began it. */
  readonly tool: string;
  readonly id: TransactionId;
};

/** Work that a call of a tool has begun and that is not over: a refund under way, a booking that is held. */
export type OpenTransaction = TransactionKey & {
  /** Whose turn began it. */
  readonly session: SessionId;
  /** Of the release that served that turn, or that it was handed over to; null while that is not known. */
  readonly release: Digest | null;
  readonly openedAt: number;
};

/** What somebody says of a transaction. Said again it changes nothing, and what is closed never opens again. */
export type TransactionReport =
  | ({ readonly state: "open" } & OpenTransaction)
  | ({ readonly state: "closed"; readonly closedAt: number } & TransactionKey);

/** Control characters would tear what is shown to people, and one of them separates the parts of a key. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

export function parseTransactionId(text: string): TransactionId {
  return named(text, "a transaction's id") as TransactionId;
}

/** The name of a tool that began a transaction. */
export function parseTransactionTool(text: string): string {
  return named(text, "a tool's name");
}

/** The key as one text, for maps and sets. No part of it can hold the separator. */
export function formatTransactionKey({ agent, tool, id }: TransactionKey): string {
  return [agent, tool, id].join("\n");
}

function named(text: string, what: string): string {
  if (NAME.test(text)) return text;
  throw new RoutingError({
    code: "id_malformed",
    message: `found ${JSON.stringify(text.slice(0, 100))}, expected ${what}: 1 to 200 characters, none of them a control character`,
    hint: "correct the name and try again",
  });
}
