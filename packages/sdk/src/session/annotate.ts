import { trace, type Attributes } from "@opentelemetry/api";
import { SdkError } from "../error.ts";
import { currentScope } from "../turn/turn-scope.ts";

/** Puts attributes on the present span, and on every span of this turn that begins from now on. */
export function annotate(attributes: Attributes): void {
  const reserved = Object.keys(attributes).find((key) => key.startsWith("perch."));
  if (reserved !== undefined) {
    throw new SdkError({
      code: "key_reserved",
      message: `found the key "${reserved}", expected one that does not begin with "perch."`,
      hint: "those say where a span belongs; choose a prefix of your own",
    });
  }
  trace.getActiveSpan()?.setAttributes(attributes);
  const scope = currentScope();
  if (scope !== undefined) Object.assign(scope.annotations, attributes);
}
