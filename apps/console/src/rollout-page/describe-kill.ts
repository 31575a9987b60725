import type { CommandWords } from "./describe-command.ts";

/** What the kill switch will do to users, said before it is thrown. */
export function describeKill(agent: string): CommandWords {
  return {
    question: `Take ${agent} off the air?`,
    consequence: `Every request to ${agent} is refused from now on, sessions under way included, until a person lets it serve again. Its rollout pauses without new sessions, and no release is blamed.`,
    verb: "Take it off the air",
  };
}

export function describeRevival(agent: string): CommandWords {
  return {
    question: `Let ${agent} serve again?`,
    consequence: `Requests to ${agent} are answered again. Its rollout stays paused until somebody resumes it.`,
    verb: "Let it serve",
  };
}
