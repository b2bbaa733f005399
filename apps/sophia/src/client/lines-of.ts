import type { Readable } from 'node:stream';

/** Lines of NDJSON as they come, typed as the route documents them. Not by readline: to it U+2028 ends a line, which JSON holds as it is. */
export async function* linesOf<Line>(stream: Readable): AsyncGenerator<Line> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Line;
  }
}
