const BLOCK = 512;

/** Puts the checksum of every block right that looks like a header, so that what else is wrong with it is read too. */
export function fixTarChecksum(input: Buffer): Buffer {
  const output = Buffer.from(input);
  for (let at = 0; at + BLOCK <= output.length; at += BLOCK) {
    if (output.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    output.write("        ", at + 148);
    const sum = output.subarray(at, at + BLOCK).reduce((total, byte) => total + byte, 0);
    output.write(`${sum.toString(8).padStart(6, "0")} \0`, at + 148);
  }
  return output;
}
