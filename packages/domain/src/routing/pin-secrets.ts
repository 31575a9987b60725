import { RoutingError } from "./error.ts";

/** What pins and override tokens are signed with. The first signs, all verify, so that a new one can be put in front. */
export type PinSecrets = readonly [string, ...string[]];

const SHORTEST = 32;
const MOST = 8;

/**
 * The secrets of a file: one a line, empty lines and those that begin with "#" left out.
 * Throws `RoutingError` `secret_unusable`, which never says what it found.
 */
export function parsePinSecrets(text: string): PinSecrets {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const [first, ...others] = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (first === undefined) throw unusable("found no secret");
  const short = [first, ...others].findIndex((secret) => secret.length < SHORTEST);
  if (short >= 0) throw unusable(`found a secret of less than ${SHORTEST} characters at place ${short + 1}`);
  if (others.length >= MOST) throw unusable(`found ${others.length + 1} secrets`);
  return [first, ...others];
}

function unusable(found: string): RoutingError {
  return new RoutingError({
    code: "secret_unusable",
    message: `${found}, expected 1 to ${MOST} secrets of at least ${SHORTEST} characters, one a line, the newest first`,
    hint: "make one with `openssl rand -hex 32`",
  });
}
