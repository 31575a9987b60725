import { refused } from "./failure.ts";

/** Where a registry points to next, by `Location` or `Link`. Throws `ReleaseError` `registry_refused` for nowhere to go. */
export function resolveUrl(text: string, base: string): string {
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.username + url.password !== "") {
    throw pointing(base, "to no address of HTTP", "an address without credentials in it");
  }
  if (url.protocol === "http:" && new URL(base).protocol === "https:") {
    throw pointing(base, `from https to http at ${url.host}`, "https throughout");
  }
  return url.href;
}

function pointing(base: string, found: string, expected: string): Error {
  return refused({
    message: `${new URL(base).host} points ${found}, expected ${expected}`,
    hint: "behind a proxy a registry has to be told its public address; ask whoever runs it",
  });
}
