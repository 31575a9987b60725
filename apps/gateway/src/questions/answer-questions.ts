import { questionSchema, type Question, type QuestionAnswer } from "@perch/api";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { parseAgentName, parseSessionId } from "@perch/domain";
import type { ServerLink } from "../sync/server-link.ts";
import { aboutGateway, type AboutGatewayDeps } from "./about-gateway.ts";
import { countPins, type CountPinsDeps } from "./count-pins.ts";
import { findPlacements, type FindPlacementsDeps } from "./find-placements.ts";

export type AnswerQuestionsDeps = FindPlacementsDeps &
  CountPinsDeps &
  AboutGatewayDeps & { readonly link: Pick<ServerLink, "answer">; readonly log: Log };

/** Takes what the server asks, as the stream brought it. One that is lost is asked again: nothing is tried twice. */
export function createQuestionAnswerer(deps: AnswerQuestionsDeps): (data: string, signal: AbortSignal) => void {
  return (data, signal) => {
    const question = parseQuestion(data);
    if (question === null) {
      deps.log.warn("the server asks what this gateway does not understand", { question: data.slice(0, 200) });
      return;
    }
    void answer(question, deps)
      .catch((error: unknown): Answer => ({ kind: "failed", reason: reasonOf(error).slice(0, 2000) }))
      .then((given) => deps.link.answer({ question: question.id, answer: given }, signal))
      .then((outcome) => {
        if (outcome.kind === "rejected")
          deps.log.warn("the server does not take an answer", { reason: outcome.reason });
      });
  };
}

type Answer = QuestionAnswer["answer"];

async function answer({ ask }: Question, deps: AnswerQuestionsDeps): Promise<Answer> {
  switch (ask.kind) {
    case "session": {
      const agent = ask.agent === null ? null : parseAgentName(ask.agent);
      const placements = await findPlacements({ agent, session: parseSessionId(ask.session) }, deps);
      return { kind: "session", placements: [...placements] };
    }
    case "pins":
      return { kind: "pins", ...(await countPins(deps)) };
    case "about":
      return { kind: "about", ...(await aboutGateway(deps)) };
  }
}

function parseQuestion(data: string): Question | null {
  try {
    return questionSchema.parse(JSON.parse(data));
  } catch {
    return null;
  }
}
