import { isUtf8 } from 'node:buffer';
import type { JsonPart } from './json-part.ts';
import { createJsonSplitter } from './json-splitter.ts';
import type { ReadLimits } from './limits.ts';
import { parseObject } from './parse-object.ts';
import { badRow, brokenRow, type SourceRow } from './source-row.ts';

/** Reads the items of an array, or the objects that follow one another, a chunk at a time. `line` is their index from 1. */
export async function* readJson(bytes: AsyncIterable<Buffer>, limits: ReadLimits): AsyncGenerator<readonly SourceRow[]> {
  const splitter = createJsonSplitter(limits.rowBytes);
  let line = 0;
  const toRow = (part: JsonPart): SourceRow => {
    line += 1;
    return parsePart(part, line, limits);
  };
  for await (const chunk of bytes) {
    const parts = splitter.push(chunk);
    if (parts.length > 0) yield parts.map(toRow);
  }
  const rest = splitter.end();
  if (rest.length > 0) yield rest.map(toRow);
}

function parsePart({ bytes, length, problem }: JsonPart, line: number, limits: ReadLimits): SourceRow {
  const text = bytes.toString('utf8');
  if (problem !== undefined) return brokenRow(line, 'invalid_json', problem, text);
  if (length > limits.rowBytes) return badRow(line, 'row_too_long', text);
  return isUtf8(bytes) ? parseObject(text, line) : badRow(line, 'invalid_encoding', text);
}
