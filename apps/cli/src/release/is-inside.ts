import { relative, sep } from "node:path";

/** Whether a path is a directory or in it; both are real paths, without links. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}
