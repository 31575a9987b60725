import type { Socket } from "node:net";
import type { Refusal } from "../problem.ts";
import type { ClientTurn, Taken } from "../proxy/client-turn.ts";
import type { Incoming } from "../proxy/incoming.ts";
import { readFirstMessage, type FirstMessage } from "./first-message.ts";
import { acceptHandshake } from "./handshake.ts";

/** A WebSocket that was opened towards the client before its agent is known, to hear its first message. */
export type Opened = {
  readonly socket: Socket;
  readonly incoming: Incoming;
  /** What the client has sent since; it goes to the agent first. */
  readonly takeBytes: () => Buffer;
  readonly protocol: string | null;
};

/** It cannot be opened, or the first message cannot be had. */
export class OpeningFailed extends Error {
  override readonly name = "OpeningFailed";
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export type EarlyOpening = {
  /** Opens it, the first time, and answers with the first message. Throws `OpeningFailed`. */
  peek(): Promise<string>;
  /** Null while nobody has peeked. */
  opened(): Opened | null;
};

/** A person may take a while to say something. */
const FIRST_MESSAGE_SECONDS = 300;

export function createEarlyOpening(turn: ClientTurn): EarlyOpening {
  let opened: Opened | null = null;
  let first: Promise<string> | null = null;

  function open(): Promise<string> {
    const handshake = acceptHandshake(turn.request.fields);
    if (handshake.kind === "refused") return Promise.reject(new OpeningFailed(handshake.refusal));
    const taken = turn.openSocket(handshake.lines);
    const hearing = hearFirstMessage(taken);
    const { socket, incoming } = taken;
    opened = { socket, incoming, takeBytes: hearing.takeBytes, protocol: handshake.protocol };
    return hearing.message;
  }

  return {
    async peek() {
      first ??= open();
      return await first;
    },
    opened: () => opened,
  };
}

type Hearing = { readonly message: Promise<string>; readonly takeBytes: () => Buffer };

/** What comes behind the first message waits in the socket. */
function hearFirstMessage({ socket, incoming, rest }: Taken): Hearing {
  let bytes = rest;
  const message = new Promise<string>((resolve, reject) => {
    const giveUp = setTimeout(() => settle(tooSlow()), FIRST_MESSAGE_SECONDS * 1000);
    function settle(read: FirstMessage): void {
      if (read.kind === "partial") return;
      clearTimeout(giveUp);
      socket.off("end", onEnd).pause();
      if (read.kind === "message") resolve(read.text);
      else reject(new OpeningFailed(noMessage(read.reason)));
    }
    function onData(chunk: Buffer): void {
      bytes = Buffer.concat([bytes, chunk]);
      settle(readFirstMessage(bytes));
    }
    function onEnd(): void {
      socket.destroy();
    }
    incoming.take = onData;
    socket.once("end", onEnd).once("close", () => clearTimeout(giveUp));
    settle(readFirstMessage(bytes));
  });
  return { message, takeBytes: () => bytes };
}

function tooSlow(): FirstMessage {
  return { kind: "refused", reason: `no message came within ${FIRST_MESSAGE_SECONDS} s` };
}

function noMessage(reason: string): Refusal {
  return {
    status: 400,
    code: "first_message_missing",
    message: `the first message of the WebSocket, which names its session, cannot be had: ${reason}`,
    hint: "send a text message that has the session's id first",
  };
}
