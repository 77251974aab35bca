// Days as the services count them. It stands alone, so that a page may ask for its data before the rest of it is here.

/** The day in China, which is eight hours ahead all year. */
export function today() { return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10); }
