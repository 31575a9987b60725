/** What a stream of server-sent events consists of, as far as its data goes. */
export type EventData = {
  /** A byte of an event's data; several `data` lines of an event are joined by a line feed. */
  readonly onData: (byte: number) => void;
  readonly onEventEnd: () => void;
};

const [LINE_FEED, CARRIAGE_RETURN, COLON, SPACE] = [0x0a, 0x0d, 0x3a, 0x20];
const DATA = "data";

/**
 * Takes the bytes of a stream of server-sent events (HTML standard, section 9.2.6) one by one, so that it makes no
 * difference how they are cut into chunks.
 */
export function createEventDataReader({ onData, onEventEnd }: EventData): (byte: number) => void {
  let field = "";
  let place: "field" | "valueStart" | "value" = "field";
  let endedByReturn = false;
  let hasData = false;

  function endLine(): void {
    const isBlank = place === "field" && field === "";
    if (isBlank) {
      onEventEnd();
      hasData = false;
    } else if (field === DATA) hasData = true;
    field = "";
    place = "field";
  }

  function beginValue(): void {
    place = "valueStart";
    if (field === DATA && hasData) onData(LINE_FEED);
  }

  return (byte) => {
    const isSecondHalf = byte === LINE_FEED && endedByReturn;
    endedByReturn = byte === CARRIAGE_RETURN;
    if (isSecondHalf) return;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) endLine();
    else if (place === "field" && byte === COLON) beginValue();
    // A byte order mark before the first field is no letter of it. Longer names than ours are cut, and stay different.
    else if (place === "field") field = byte > 0x7f ? field : `${field}${String.fromCharCode(byte)}`.slice(0, 5);
    else if (place === "valueStart" && byte === SPACE) place = "value";
    else {
      place = "value";
      if (field === DATA) onData(byte);
    }
  };
}
