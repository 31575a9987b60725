/** Reads JSON byte by byte and tells the strings and whole numbers that stand at certain places. */
export type JsonScanner = {
  /** Malformed or too deep JSON makes it deaf, until `reset` begins the next document. */
  feed(byte: number): void;
  reset(): void;
};

type Level = { readonly isArray: boolean; token: string; index: number };

type Scan = {
  readonly places: readonly (readonly string[])[];
  readonly onValue: (pointer: number, value: string) => void;
  levels: Level[];
  expecting: "value" | "valueOrEnd" | "name" | "nameOrEnd" | "colon" | "comma" | "nothing";
  within: "string" | "scalar" | null;
  isEscaped: boolean;
  /** Whether a pointer may lead to the text that is being read. */
  isWanted: boolean;
  text: number[];
};

const DEEPEST = 64;
/** An id has at most 200 characters, each of which may be escaped as `\uXXXX`. */
const LONGEST_TEXT = 1200;
/** The token of what no pointer can lead to. */
const UNKNOWN = "\0";
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/** `pointers`: RFC 6901, none of them empty. `onValue` gets the index of each pointer that leads to a value. */
export function createJsonScanner(pointers: readonly string[], onValue: Scan["onValue"]): JsonScanner {
  const scan: Scan = {
    places: pointers.map((pointer) => pointer.split("/").slice(1).map(unescaped)),
    onValue,
    levels: [],
    expecting: "value",
    within: null,
    isEscaped: false,
    isWanted: false,
    text: [],
  };
  return {
    feed: (byte) => feed(scan, byte),
    reset() {
      scan.levels = [];
      scan.expecting = "value";
      scan.within = null;
    },
  };
}

function feed(scan: Scan, byte: number): void {
  if (scan.within === "string") {
    if (byte === QUOTE && !scan.isEscaped) endText(scan);
    else {
      scan.isEscaped = byte === BACKSLASH && !scan.isEscaped;
      keep(scan, byte);
    }
    return;
  }
  if (scan.within === "scalar") {
    if (isScalar(byte)) {
      keep(scan, byte);
      return;
    }
    endText(scan);
  }
  if (scan.expecting !== "nothing" && !isSpace(byte)) punctuation(scan, byte);
}

function punctuation(scan: Scan, byte: number): void {
  if (mayClose(scan, byte)) return close(scan, byte === CLOSE_ARRAY);
  switch (scan.expecting) {
    case "value":
    case "valueOrEnd":
      return beginValue(scan, byte);
    case "name":
    case "nameOrEnd":
      return byte === QUOTE ? beginText(scan, "string") : giveUp(scan);
    case "colon":
      scan.expecting = byte === COLON ? "value" : "nothing";
      return undefined;
    case "comma":
      return byte === COMMA ? next(scan) : giveUp(scan);
    case "nothing":
      return undefined;
  }
}

function mayClose({ expecting }: Scan, byte: number): boolean {
  if (byte === CLOSE_OBJECT) return expecting === "comma" || expecting === "nameOrEnd";
  return byte === CLOSE_ARRAY && (expecting === "comma" || expecting === "valueOrEnd");
}

function beginValue(scan: Scan, byte: number): void {
  if (byte === QUOTE) beginText(scan, "string");
  else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) open(scan, byte === OPEN_ARRAY);
  else if (isScalar(byte)) {
    beginText(scan, "scalar");
    keep(scan, byte);
  } else giveUp(scan);
}

function beginText(scan: Scan, kind: "string" | "scalar"): void {
  scan.within = kind;
  scan.isEscaped = false;
  scan.text = [];
  scan.isWanted = isName(scan) || placesHere(scan).length > 0;
}

function keep(scan: Scan, byte: number): void {
  if (!scan.isWanted) return;
  scan.text.push(byte);
  if (scan.text.length > LONGEST_TEXT) scan.isWanted = false;
}

function endText(scan: Scan): void {
  const value = scan.isWanted ? decode(scan.text, scan.within === "string") : null;
  const level = scan.levels.at(-1);
  scan.within = null;
  if (isName(scan) && level !== undefined) {
    level.token = value ?? UNKNOWN;
    scan.expecting = "colon";
    return;
  }
  if (value !== null) for (const place of placesHere(scan)) scan.onValue(place, value);
  endValue(scan);
}

function open(scan: Scan, isArray: boolean): void {
  if (scan.levels.length >= DEEPEST) return giveUp(scan);
  scan.levels.push({ isArray, token: isArray ? "0" : UNKNOWN, index: 0 });
  scan.expecting = isArray ? "valueOrEnd" : "nameOrEnd";
}

function close(scan: Scan, isArray: boolean): void {
  if (scan.levels.pop()?.isArray === isArray) endValue(scan);
  else giveUp(scan);
}

function endValue(scan: Scan): void {
  scan.expecting = scan.levels.length === 0 ? "nothing" : "comma";
}

function next(scan: Scan): void {
  const level = scan.levels.at(-1);
  if (level?.isArray === true) {
    level.index += 1;
    level.token = String(level.index);
  }
  scan.expecting = level?.isArray === true ? "value" : "name";
}

function giveUp(scan: Scan): void {
  scan.expecting = "nothing";
}

function isName({ expecting }: Scan): boolean {
  return expecting === "name" || expecting === "nameOrEnd";
}

/** The pointers that lead exactly here. */
function placesHere({ places, levels }: Scan): readonly number[] {
  return places.flatMap((place, index) =>
    place.length === levels.length && place.every((token, depth) => token === levels[depth]?.token) ? [index] : [],
  );
}

/** Null for what is neither a string nor a whole number. */
function decode(bytes: readonly number[], isString: boolean): string | null {
  const text = Buffer.from(bytes).toString("utf8");
  if (!isString) return /^-?\d+$/.test(text) ? text : null;
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    // A malformed escape: whoever wrote it did not mean an id.
    return null;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const SCALAR = new Set(Buffer.from("0123456789abcdefghijklmnopqrstuvwxyzE+-."));

/** What numbers and the three words of JSON are made of. */
function isScalar(byte: number): boolean {
  return SCALAR.has(byte);
}

function unescaped(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
