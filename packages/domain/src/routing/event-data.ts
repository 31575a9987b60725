export type EventData = {
  /** Bytes of an event's data, from `start` to before `end`; several `data` lines of an event are joined by a line feed. */
  readonly onData: (bytes: Uint8Array, start: number, end: number) => void;
  readonly onEventEnd: () => void;
};

export type EventDataReader = (bytes: Uint8Array, start: number, end: number) => void;

const [LINE_FEED, CARRIAGE_RETURN, COLON, SPACE] = [0x0a, 0x0d, 0x3a, 0x20];
const DATA = "data";
const JOINT = Uint8Array.of(LINE_FEED);

type Reader = {
  /** The name of the line's field, as far as it is there; longer names than ours are cut, and stay different. */
  field: string;
  place: "field" | "valueStart" | "value";
  endedByReturn: boolean;
  /** The event had a `data` line before this one. */
  hasData: boolean;
};

/**
 * Takes the bytes of a stream of server-sent events (HTML standard, section 9.2.6); it makes no difference how they are cut
 * into chunks.
 */
export function createEventDataReader({ onData, onEventEnd }: EventData): EventDataReader {
  const reader: Reader = { field: "", place: "field", endedByReturn: false, hasData: false };
  return (bytes, start, end) => {
    let at = start;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      const isSecondHalf = byte === LINE_FEED && reader.endedByReturn;
      const endsLine = byte === LINE_FEED || byte === CARRIAGE_RETURN;
      reader.endedByReturn = byte === CARRIAGE_RETURN;
      if (endsLine && !isSecondHalf) endLine(reader, onEventEnd);
      else if (!endsLine && reader.place === "field") readName(reader, byte, onData);
      else if (!endsLine) {
        at = readValue(reader, { bytes, at, end }, onData);
        continue;
      }
      at += 1;
    }
  };
}

function endLine(reader: Reader, onEventEnd: () => void): void {
  if (reader.place === "field" && reader.field === "") {
    onEventEnd();
    reader.hasData = false;
  } else if (reader.field === DATA) reader.hasData = true;
  reader.field = "";
  reader.place = "field";
}

function readName(reader: Reader, byte: number, onData: EventData["onData"]): void {
  if (byte === COLON) {
    reader.place = "valueStart";
    if (reader.field === DATA && reader.hasData) onData(JOINT, 0, 1);
    return;
  }
  // A byte order mark before the first field is no letter of it.
  if (byte < 0x80) reader.field = `${reader.field}${String.fromCharCode(byte)}`.slice(0, DATA.length + 1);
}

/** Where the line ends, or the chunk. */
function readValue(
  reader: Reader,
  { bytes, at, end }: { bytes: Uint8Array; at: number; end: number },
  onData: EventData["onData"],
): number {
  const from = reader.place === "valueStart" && bytes[at] === SPACE ? at + 1 : at;
  const to = endOfLine(bytes, from, end);
  reader.place = "value";
  if (reader.field === DATA && to > from) onData(bytes, from, to);
  return to;
}

function endOfLine(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at += 1) if (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) return at;
  return end;
}
