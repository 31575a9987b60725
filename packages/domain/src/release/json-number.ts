// A double's shortest text has 17 digits at most; what is much longer than that is no number that somebody wrote.
const LONGEST = 1000;

/**
 * Why a decimal number cannot be part of a release: written back it would be another number. Null when it is kept. JSON
 * sets numbers no bounds, but its readers keep a double of each.
 */
export function numberFlaw(literal: string): string | null {
  const shown = literal.length > 60 ? `${literal.slice(0, 57)}…` : literal;
  const value = Number(literal);
  if (!Number.isFinite(value)) return `found the number ${shown}, expected one that a double can hold: up to 1.8e308`;
  // However it is written: `1e16` would be written back as an integer.
  if (isInteger(literal, value) && !Number.isSafeInteger(value)) {
    return `found the integer ${shown}, expected one up to 9007199254740991, or a string`;
  }
  if (literal.length <= LONGEST && decimal(literal) === decimal(String(value))) return null;
  return `found the number ${shown}, which would be written back as ${value}, expected no more digits than a double keeps`;
}

function isInteger(literal: string, value: number): boolean {
  return /^[-+]?\d+$/.test(literal) || /^-?\d+$/.test(String(value));
}

/** Sign, digits and exponent in one form for each number, whatever way it is written. */
function decimal(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().replace(/^[-+]/, "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  if (digits === "") return "0";
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  const sign = text.startsWith("-") ? "-" : "";
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
