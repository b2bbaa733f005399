import { isUtf8 } from 'node:buffer';
import type { RowErrorCode } from '@sophia/types';

/** A part of a block that cannot be taken as it is: whole lines, by their place in its text. */
export interface BadLines {
  readonly from: number;
  readonly to: number;
  readonly code: Extract<RowErrorCode, 'invalid_encoding' | 'row_too_long'>;
}

/** Whole lines of a source. Every block but the last ends with a line feed. */
export interface TextBlock {
  readonly text: string;
  readonly bad: readonly BadLines[];
  readonly last: boolean;
}

export interface TextLimits {
  readonly rowBytes: number;
  /** Set where the text came from another encoding: U+FFFD then stands for bytes that are none of its characters. */
  readonly transcoded?: boolean | undefined;
}

const LINE_FEED = 10;
const REPLACEMENT = Buffer.from('\uFFFD');
const NONE: readonly BadLines[] = [];
/** What is kept of a line that is too long. */
const KEPT_BYTES = 1000;

/**
 * Cuts UTF-8 into blocks of whole lines, each as long as its chunk. A line beyond `rowBytes` is cut down, without its
 * quotes, and marked; lines that are no UTF-8 are marked. Memory is bounded by a chunk and a row.
 */
export async function* textBlocks(bytes: AsyncIterable<Buffer>, limits: TextLimits): AsyncGenerator<TextBlock> {
  let tail: Buffer[] = [];
  let tailLength = 0;
  let skipping = false;
  for await (const chunk of bytes) {
    let rest = chunk;
    if (skipping) {
      const end = rest.indexOf(LINE_FEED);
      if (end === -1) continue;
      skipping = false;
      yield tooLong(tail, false);
      tail = [];
      tailLength = 0;
      rest = rest.subarray(end + 1);
    }
    const end = rest.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      yield makeBlock(tailLength === 0 ? rest.subarray(0, end) : Buffer.concat([...tail, rest.subarray(0, end)]), false, limits);
      tail = [];
      tailLength = 0;
    }
    if (end < rest.length) {
      tail.push(rest.subarray(end));
      tailLength += rest.length - end;
    }
    if (tailLength > limits.rowBytes) {
      skipping = true;
      tail = [Buffer.concat(tail).subarray(0, KEPT_BYTES)];
      tailLength = 0;
    }
  }
  yield skipping ? tooLong(tail, true) : makeBlock(Buffer.concat(tail), true, limits);
}

function tooLong(kept: readonly Buffer[], last: boolean): TextBlock {
  const text = `${shortened(Buffer.concat(kept))}\n`;
  return { text, bad: [{ from: 0, to: text.length, code: 'row_too_long' }], last };
}

const shortened = (line: Buffer): string =>
  line
    .subarray(0, KEPT_BYTES)
    .toString('utf8')
    .replace(/["'\n]/g, '');

function makeBlock(bytes: Buffer, last: boolean, limits: TextLimits): TextBlock {
  if (bytes.length <= limits.rowBytes && isText(bytes, limits)) {
    const text = bytes.toString('utf8');
    return { text, bad: NONE, last };
  }
  return makeLineByLine(bytes, last, limits);
}

const isText = (bytes: Buffer, limits: TextLimits): boolean =>
  isUtf8(bytes) && !(limits.transcoded === true && bytes.includes(REPLACEMENT));

function makeLineByLine(bytes: Buffer, last: boolean, limits: TextLimits): TextBlock {
  let text = '';
  const bad: BadLines[] = [];
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const end = feed === -1 ? bytes.length : feed + 1;
    const line = bytes.subarray(at, end);
    const from = text.length;
    if (line.length > limits.rowBytes + 1) {
      text += `${shortened(line)}\n`;
      bad.push({ from, to: text.length, code: 'row_too_long' });
    } else {
      text += line.toString('utf8');
      if (!isText(line, limits)) bad.push({ from, to: text.length, code: 'invalid_encoding' });
    }
    at = end;
  }
  return { text, bad, last };
}
