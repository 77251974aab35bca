// Time as it is read in China, eight hours ahead all year. It stands alone, so that a page may ask for data before the rest is here.
const AHEAD_MS = 8 * 3_600_000;

/** What a clock on the wall shows at an instant: 2026-11-25T14:05. */
export function wall(instant) { return new Date(new Date(instant).getTime() + AHEAD_MS).toISOString().slice(0, 16); }
export function today() { return wall(Date.now()).slice(0, 10); }
