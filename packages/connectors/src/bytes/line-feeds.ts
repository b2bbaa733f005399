const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const QUOTE = 34;

/**
 * Whether lines end with a carriage return alone, as on old Macs and in some exports of Excel for Mac, which breaks lines
 * within quoted cells by line feeds nevertheless.
 */
export const hasBareReturns = (sample: Buffer): boolean =>
  sample.includes(CARRIAGE_RETURN) && (!sample.includes(LINE_FEED) || feedsAreQuoted(sample));

/** Whether line feeds stand within quotes only, and carriage returns outside. */
function feedsAreQuoted(sample: Buffer): boolean {
  let [isQuoted, hasReturn] = [false, false];
  for (const byte of sample) {
    if (byte === QUOTE) isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (byte === LINE_FEED) return false;
    hasReturn ||= byte === CARRIAGE_RETURN;
  }
  return hasReturn;
}

/** Carriage returns as line feeds. */
export async function* withLineFeeds(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    const copy = Buffer.from(chunk);
    for (let at = copy.indexOf(CARRIAGE_RETURN); at !== -1; at = copy.indexOf(CARRIAGE_RETURN, at + 1)) copy[at] = LINE_FEED;
    yield copy;
  }
}
