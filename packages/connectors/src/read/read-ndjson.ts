import type { ReadLimits } from './limits.ts';
import { parseObject } from './parse-object.ts';
import { badRow, type SourceRow } from './source-row.ts';
import { type BadLines, type TextBlock, textBlocks } from './text-blocks.ts';

/** Reads one JSON object a line, a block at a time. Empty lines are skipped; a line that is none is a broken row. */
export async function* readNdjson(bytes: AsyncIterable<Buffer>, limits: ReadLimits): AsyncGenerator<readonly SourceRow[]> {
  const parser = createNdjsonParser();
  for await (const block of textBlocks(bytes, limits)) {
    const rows = parser(block);
    if (rows.length > 0) yield rows;
  }
}

function createNdjsonParser(): (block: TextBlock) => SourceRow[] {
  let line = 0;
  return ({ text, bad }) => {
    const rows: SourceRow[] = [];
    let badAt = 0;
    for (let start = 0; start < text.length; ) {
      const feed = text.indexOf('\n', start);
      const end = feed === -1 ? text.length : feed;
      line += 1;
      const range: BadLines | undefined = bad[badAt];
      if (range !== undefined && range.from === start) {
        badAt += 1;
        rows.push(badRow(line, range.code, text.slice(start, end)));
      } else {
        const content = text.slice(start, end);
        if (!isBlankLine(content)) rows.push(parseObject(content, line));
      }
      start = end + 1;
    }
    return rows;
  };
}

/** Most lines begin with a brace, so that nothing is searched. */
const isBlankLine = (line: string): boolean => line.charCodeAt(0) !== 0x7b && line.trim() === '';
