import { SECRET_SHAPES } from "./secret-shapes.ts";
import { placeAt, type PlacedProblem } from "./text-place.ts";

/** Every place in a text where a key or token stands, one a line; the text itself never enters the messages. */
export function findSecretsInText(text: string): readonly PlacedProblem[] {
  const found = new Map<number, PlacedProblem>();
  for (const { name, pattern } of SECRET_SHAPES) {
    for (const { index } of text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      const place = placeAt(text, index);
      const message = `found the shape of a key or token (${name}), expected no secrets: pass them in the environment`;
      if (!found.has(place.line)) found.set(place.line, { message, ...place });
    }
  }
  return [...found.values()].toSorted((a, b) => a.line - b.line);
}

const SECRET_FILES: readonly { readonly name: RegExp; readonly what: string }[] = [
  { name: /^\.env(?:\.(?!(?:example|sample|template|dist)$).*)?$/, what: "a file that usually holds secrets" },
  { name: /^\.(?:netrc|git-credentials|pgpass|htpasswd)$|^_netrc$/, what: "a file that holds passwords" },
  { name: /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/, what: "a private SSH key" },
  { name: /^(?:credentials|client_secrets?|service[-_]account(?:[-_]key)?)\.json$/, what: "a file of credentials" },
  { name: /\.(?:p12|pfx|jks|keystore|ppk|kdbx)$/, what: "a store of private keys" },
];

/** What a file holds that nobody should pack, by its name alone, such as `.env` and `id_rsa`; null for others. */
export function secretFile(path: string): string | null {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return SECRET_FILES.find((known) => known.name.test(name))?.what ?? null;
}
