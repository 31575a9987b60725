import type { FoundInJson } from "./find-in-json.ts";

/**
 * What stands at `{session}` of a template such as `/threads/{session}/runs`. `*` is any one segment, a last `**` whatever
 * follows, also nothing. One slash at the end of the path makes no difference.
 */
export function matchPath(path: string, template: string): FoundInJson {
  const segments = path.replace(/\/$/, "").split("/");
  const at = template
    .replace(/\/\*\*$/, "")
    .split("/")
    .indexOf("{session}");
  const id = segments[at] ?? "";
  return id === "" || !segmentsFit(segments, template) ? { kind: "absent" } : decoded(id);
}

/** Whether a path is like a template that has no `{session}`. */
export function pathFits(path: string, template: string): boolean {
  return segmentsFit(path.replace(/\/$/, "").split("/"), template);
}

function segmentsFit(segments: readonly string[], template: string): boolean {
  const wanted = template.split("/");
  const isOpen = wanted.at(-1) === "**";
  if (isOpen) wanted.pop();
  if (segments.length < wanted.length || (!isOpen && segments.length > wanted.length)) return false;
  return wanted.every((want, index) => want === "*" || want === "{session}" || want === segments[index]);
}

function decoded(segment: string): FoundInJson {
  try {
    return { kind: "found", value: decodeURIComponent(segment) };
  } catch {
    return { kind: "unusable", found: JSON.stringify(segment.slice(0, 40)) };
  }
}
