import type { Readable } from 'node:stream';
import { parseVerbatimJson } from '@sophia/shared';

/** Lines of NDJSON as they come, typed as the route documents them. Not by readline: to it U+2028 ends a line, which JSON holds as it is. */
export async function* linesOf<Line>(stream: Readable): AsyncGenerator<Line> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield parseVerbatimJson(rest.slice(0, end)) as Line;
      rest = rest.slice(end + 1);
    }
  }
}

/** Whether the connection broke: Sophia was stopped or killed, or the network failed. */
export const isCutOff = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
