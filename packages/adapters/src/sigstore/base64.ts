/** The bytes of base64 as RFC 4648 section 4 writes it, padding and unused bits too; null for any other spelling. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}
