import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Lines of NDJSON as they come, typed as the route documents them. */
export async function* linesOf<Line>(stream: Readable): AsyncGenerator<Line> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield JSON.parse(line) as Line;
  }
}
