const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

/** Whether lines end with a carriage return alone, as on old Macs and in some exports of Excel for Mac. */
export const hasBareReturns = (sample: Buffer): boolean => sample.includes(CARRIAGE_RETURN) && !sample.includes(LINE_FEED);

/** Carriage returns as line feeds. */
export async function* withLineFeeds(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    const copy = Buffer.from(chunk);
    for (let at = copy.indexOf(CARRIAGE_RETURN); at !== -1; at = copy.indexOf(CARRIAGE_RETURN, at + 1)) copy[at] = LINE_FEED;
    yield copy;
  }
}
