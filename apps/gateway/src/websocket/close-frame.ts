const LONGEST_REASON = 123;

/** A close frame of a server (RFC 6455, section 5.5.1): not masked, the reason cut to what fits. */
export function closeFrame(code: number, reason: string): Buffer {
  // Cut between characters: a broken one would make the client drop the connection instead of reading the reason.
  const text = Buffer.from(reason)
    .subarray(0, LONGEST_REASON)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
  const body = Buffer.from(`\0\0${text}`);
  body.writeUInt16BE(code, 0);
  return Buffer.concat([Buffer.from([0x88, body.byteLength]), body]);
}

/** What a refusal with this HTTP status is called when the handshake is already over. */
export function closeCodeOf(status: number): number {
  if (status === 502 || status === 503 || status === 504) return 1013;
  return status >= 500 ? 1011 : 1008;
}
