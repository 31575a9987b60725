// Loaded before a gateway (`--import`): its clocks then go as if its machine's were wrong. `PERCH_CHECK_CLOCK` is
// `OFFSET_MS,DRIFT`: how far the date is off at the start, and by how much of each second both clocks run too fast.
const [offsetMs = 0, drift = 0] = (process.env["PERCH_CHECK_CLOCK"] ?? "").split(",").map(Number);

const [startedAt, startedTick] = [Date.now(), performance.now()];
const [date, tick] = [Date.now.bind(Date), performance.now.bind(performance)];
Date.now = () => Math.round(startedAt + offsetMs + (date() - startedAt) * (1 + drift));
Object.defineProperty(performance, "now", { value: () => startedTick + (tick() - startedTick) * (1 + drift) });
