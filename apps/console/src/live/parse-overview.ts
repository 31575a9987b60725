import { overviewSchema, type Overview } from "@perch/api";

/** What the server sent, checked; a server of another version is told apart from a broken connection. */
export function parseOverview(body: unknown): Overview {
  const parsed = overviewSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue === undefined ? "somewhere" : issue.path.join(".") || "at the top";
  throw new Error(`the server's answer is not understood (${place}: ${issue?.message ?? "unknown"}); reload this page`);
}
