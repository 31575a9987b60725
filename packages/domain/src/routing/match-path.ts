import type { FoundInJson } from "./find-in-json.ts";

/**
 * What stands at `{session}` of a template such as `/threads/{session}/runs`. `*` is any one segment, a last `**` whatever
 * follows, also nothing. One slash at the end of the path makes no difference.
 */
export function matchPath(path: string, template: string): FoundInJson {
  const wanted = template.split("/");
  const isOpen = wanted.at(-1) === "**";
  if (isOpen) wanted.pop();
  const segments = path.replace(/\/$/, "").split("/");
  if (segments.length < wanted.length || (!isOpen && segments.length > wanted.length)) return { kind: "absent" };
  let id = "";
  for (const [index, want] of wanted.entries()) {
    const segment = segments[index] ?? "";
    if (want === "{session}") id = segment;
    else if (want !== "*" && want !== segment) return { kind: "absent" };
  }
  return id === "" ? { kind: "absent" } : decoded(id);
}

function decoded(segment: string): FoundInJson {
  try {
    return { kind: "found", value: decodeURIComponent(segment) };
  } catch {
    return { kind: "unusable", found: JSON.stringify(segment.slice(0, 40)) };
  }
}
