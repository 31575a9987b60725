import { copyRelease } from "@perch/adapters/release-artifact";
import { fullLocation, openRegistry } from "@perch/adapters/release-registry";
import { parseReleaseReference, type ReleaseRegistry } from "@perch/domain";
import { DEFAULT_DATA } from "../options.ts";
import { describeCopied } from "./describe-release.ts";

type PullFlags = { readonly from: string; readonly data: string; readonly registry?: string };

/** Copies a release and what refers to it from another registry into the local one. Trusts nothing of it yet. */
export async function pullRelease(
  text: string,
  flags: PullFlags,
  { to, where }: { readonly to: ReleaseRegistry; readonly where: string },
): Promise<{ readonly json: unknown; readonly text: string }> {
  const copied = await copyRelease(openRegistry(flags.from, process.env), to, parseReleaseReference(text));
  return {
    json: { ...copied, from: fullLocation(flags.from), to: fullLocation(where) },
    text: `${describeCopied(text, where, copied)}\n\nnext: perch release verify ${text}${placeOf(flags)}`,
  };
}

// So that the next command can be run as it is printed.
function placeOf({ data, registry }: PullFlags): string {
  const place = data === DEFAULT_DATA ? "" : ` --data ${data}`;
  return registry === undefined ? place : `${place} --registry ${registry}`;
}
