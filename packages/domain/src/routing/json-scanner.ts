/** Reads JSON as it comes in, in chunks, and tells the strings and whole numbers that stand at certain places. */
export type JsonScanner = {
  /** The next bytes, from `start` to before `end`. Malformed or too deep JSON makes it deaf until `reset`. */
  write(bytes: Uint8Array, start: number, end: number): void;
  /** The next document begins. */
  reset(): void;
};

/** RFC 6901 pointers, none of them empty, made ready. */
export type JsonPlaces = readonly (readonly string[])[];

type Level = {
  readonly isArray: boolean;
  /** The member or element that is being read. */
  token: string;
  index: number;
  /** Places that lead through this level, so far. */
  readonly places: readonly number[];
};

type Scan = {
  readonly places: JsonPlaces;
  readonly onValue: (place: number, value: string) => void;
  levels: Level[];
  expecting: "value" | "valueOrEnd" | "name" | "nameOrEnd" | "colon" | "comma" | "nothing";
  within: "string" | "scalar" | null;
  isEscaped: boolean;
  /** Whether the text that is being read matters. */
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

export function parseJsonPlaces(pointers: readonly string[]): JsonPlaces {
  const unescaped = (token: string): string => token.replaceAll("~1", "/").replaceAll("~0", "~");
  return pointers.map((pointer) => pointer.split("/").slice(1).map(unescaped));
}

/** `onValue` gets the index of each place that a value stands at. */
export function createJsonScanner(places: JsonPlaces, onValue: Scan["onValue"]): JsonScanner {
  const scan: Scan = {
    places,
    onValue,
    levels: [],
    expecting: "value",
    within: null,
    isEscaped: false,
    isWanted: false,
    text: [],
  };
  return {
    write(bytes, start, end) {
      let at = start;
      while (at < end && !isDeaf(scan)) {
        if (scan.within === "string" && !scan.isWanted) at = skipText(scan, { bytes, at, end });
        else {
          feed(scan, bytes[at] ?? 0);
          at += 1;
        }
      }
    },
    reset() {
      scan.levels = [];
      scan.expecting = "value";
      scan.within = null;
    },
  };
}

function isDeaf({ expecting, within }: Scan): boolean {
  return expecting === "nothing" && within === null;
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
  if (!isSpace(byte)) punctuation(scan, byte);
}

/** Long texts are most of what agents say: the next quote is looked for instead of looking at every byte. */
function skipText(scan: Scan, { bytes, at, end }: { bytes: Uint8Array; at: number; end: number }): number {
  const quote = bytes.indexOf(QUOTE, at);
  const stop = quote < 0 || quote > end ? end : quote;
  let backslashes = 0;
  while (stop - backslashes > at && bytes[stop - backslashes - 1] === BACKSLASH) backslashes += 1;
  // What stood before this chunk counts on when nothing else stands in between.
  if (stop - backslashes === at && scan.isEscaped) backslashes += 1;
  scan.isEscaped = backslashes % 2 === 1;
  if (stop === end) return end;
  if (scan.isEscaped) scan.isEscaped = false;
  else endText(scan);
  return stop + 1;
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
  scan.isWanted = isName(scan) ? (scan.levels.at(-1)?.places.length ?? 0) > 0 : placesHere(scan).length > 0;
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
  const places = scan.levels.length === 0 ? [...scan.places.keys()] : placesThrough(scan);
  scan.levels.push({ isArray, token: isArray ? "0" : UNKNOWN, index: 0, places });
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

/** The places that lead through the member or element that is being read, to it or on. */
function placesThrough({ places, levels }: Scan): readonly number[] {
  const level = levels.at(-1);
  if (level === undefined || level.places.length === 0) return [];
  return level.places.filter((place) => places[place]?.[levels.length - 1] === level.token);
}

/** The places that are exactly here. */
function placesHere(scan: Scan): readonly number[] {
  return placesThrough(scan).filter((place) => scan.places[place]?.length === scan.levels.length);
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
