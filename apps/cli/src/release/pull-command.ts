import { copyRelease } from "@perch/adapters/release-artifact";
import { fullLocation, openRegistry } from "@perch/adapters/release-registry";
import { parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { describeCopied } from "./describe-release.ts";

/** Copies a release and what refers to it from another registry into the local one. Trusts nothing of it yet. */
export async function pullRelease(
  text: string,
  { from, to, where }: { readonly from: string; readonly to: ReleaseRegistry; readonly where: string },
): Promise<{ readonly json: unknown; readonly text: string }> {
  const copied = await copyRelease(openRegistry(from, process.env), to, parseReleaseReference(text));
  return {
    json: { ...copied, from: fullLocation(from), to: fullLocation(where) },
    text: `${describeCopied(text, where, copied)}\n\nnext: perch release verify ${text}`,
  };
}
