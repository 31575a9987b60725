import { trace } from "@opentelemetry/api";
import { SdkError } from "../error.ts";
import type { Evaluation, EvaluationSender } from "../telemetry/send-evaluation.ts";
import type { Receipt } from "../telemetry/send-json.ts";
import { attributionOf } from "../turn/perch-session.ts";
import { currentScope } from "../turn/turn-scope.ts";

export type OutcomeOptions = {
  /** A number instead of 1 for success and 0 for failure. */
  readonly score?: number;
  /** What a gate calls it; `outcome` unless said otherwise. */
  readonly name?: string;
  readonly explanation?: string;
  /** Of another session than the present request's: outcomes are often known when nobody is asking. */
  readonly session?: string;
  /** Who judged, where it was not the agent itself. Another version of it is another yardstick. */
  readonly evaluator?: { readonly name: string; readonly version: string };
  /** When it was known, epoch ms. Said twice for the same moment, it counts once. */
  readonly at?: number;
};

export type SayOutcome = (result: "success" | "failure", options?: OutcomeOptions) => Promise<Receipt>;
type OutcomeDeps = { readonly send: EvaluationSender; readonly now: () => number; readonly agent: string | null };

/** Never rejects because of the network: the receipt says what became of it. */
export function createOutcome({ send, now, agent }: OutcomeDeps): SayOutcome {
  return async (result, options = {}) => {
    const { name = "outcome", score = result === "success" ? 1 : 0, explanation = null, at = now() } = options;
    checkOutcome(result, score);
    const place = placeOf(options.session);
    if (place.kind === "skipped") return place;
    const attributes = {
      ...place.attributes,
      ...(agent !== null && { "perch.agent": agent }),
      ...(options.evaluator !== undefined && {
        "perch.evaluator.name": options.evaluator.name,
        "perch.evaluator.version": options.evaluator.version,
      }),
    };
    return await send({ name, value: score, label: result, at, explanation, ...place.span, attributes });
  };
}

type Place =
  | (Receipt & { readonly kind: "skipped" })
  | {
      readonly kind: "session";
      readonly attributes: Readonly<Record<string, string>>;
      readonly span: Pick<Evaluation, "traceId" | "spanId">;
    };

function placeOf(session: string | undefined): Place {
  const noSpan = { traceId: null, spanId: null };
  if (session !== undefined) return { kind: "session", attributes: { "perch.session.id": session }, span: noSpan };
  const current = currentScope()?.session ?? null;
  if (current === null || current.session === null) {
    return { kind: "skipped", because: "no session is known here: give options.session" };
  }
  if (current.isShadow) return { kind: "skipped", because: "it is a shadow's, which nobody met" };
  return { kind: "session", attributes: attributionOf(current), span: trace.getActiveSpan()?.spanContext() ?? noSpan };
}

function checkOutcome(result: string, score: number): void {
  if ((result === "success" || result === "failure") && Number.isFinite(score)) return;
  throw new SdkError({
    code: "outcome_invalid",
    message: `found the outcome "${result}" with the score ${score}, expected "success" or "failure" and a finite number`,
    hint: 'for example outcome("success", { score: 0.8 })',
  });
}
