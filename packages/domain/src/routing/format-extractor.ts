import type { JwtPlace, SessionExtractor } from "./session-rules.ts";

/** The extractor as a rollout file says it; what `parseSessionExtractors` reads. */
export function formatExtractor(extractor: SessionExtractor): string {
  switch (extractor.kind) {
    case "header":
    case "cookie":
    case "query":
      return `${extractor.kind}:${extractor.name}`;
    case "path":
      return `path:${extractor.template}`;
    case "json":
    case "wsFrame":
      return `${extractor.kind}:${extractor.pointer}`;
    case "jwt":
      return `jwt:${extractor.claim}${formatPlace(extractor.from)}`;
    case "composite":
      return extractor.parts.map(formatExtractor).join(" + ");
  }
}

function formatPlace(from: JwtPlace): string {
  return from.kind === "bearer" ? "" : `@${from.kind}:${from.name}`;
}
