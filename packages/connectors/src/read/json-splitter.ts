import { createPartBuffer, type JsonPart } from './json-part.ts';

export interface JsonSplitter {
  push(chunk: Buffer): JsonPart[];
  /** What is left when the source ends. */
  end(): JsonPart[];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Cuts a JSON text into the items of its array, or into the objects that follow one another, without parsing it: only
 * quotes and brackets are looked at, so that a bad item leaves the others whole. Of a part beyond `maxBytes` only the
 * beginning is kept.
 */
export function createJsonSplitter(maxBytes: number): JsonSplitter {
  const buffer = createPartBuffer(maxBytes);
  let mode: 'start' | 'array' | 'objects' | 'closed' = 'start';
  let depth = 0;
  let inText = false;
  /** Whether a backslash stands before the next byte of the text. */
  let escaped = false;
  let afterComma = false;
  let parts: JsonPart[] = [];
  /** The chunk, and where what is not yet in the buffer begins. */
  let chunk: Buffer = Buffer.alloc(0);
  let from = 0;

  const keepTo = (to: number): void => {
    buffer.keep(chunk.subarray(from, to));
    from = to;
  };
  const skipTo = (to: number): void => {
    buffer.clear();
    from = to;
  };

  function open(byte: number, at: number): void {
    if (mode === 'start') {
      keepTo(at);
      if (byte === OPEN_BRACKET && buffer.isBlank()) {
        mode = 'array';
        skipTo(at + 1);
        return;
      }
      mode = 'objects';
    }
    if (mode === 'objects' && depth === 0) {
      keepTo(at);
      if (buffer.isBlank()) buffer.clear();
      else parts.push(buffer.take('Expected an object.'));
    }
    depth += 1;
  }

  function close(byte: number, at: number): void {
    if (depth > 0) {
      depth -= 1;
      if (depth === 0 && mode === 'objects') {
        keepTo(at + 1);
        parts.push(buffer.take());
      }
    } else if (byte === CLOSE_BRACKET && mode === 'array') {
      keepTo(at);
      if (afterComma || !buffer.isBlank()) parts.push(buffer.take());
      skipTo(at + 1);
      mode = 'closed';
    }
  }

  function comma(at: number): void {
    if (mode !== 'array' || depth > 0) return;
    keepTo(at);
    parts.push(buffer.take());
    from = at + 1;
    afterComma = true;
  }

  /** The place of the quote that ends the text which is open at `at`, or the chunk's end. */
  function endOfText(at: number): number {
    for (let place = at; place < chunk.length; place += 1) {
      if (escaped) escaped = false;
      else if (chunk[place] === BACKSLASH) escaped = true;
      else if (chunk[place] === QUOTE) return place;
    }
    return chunk.length;
  }

  return {
    push(next) {
      parts = [];
      chunk = next;
      from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        if (inText) at = endOfText(at);
        const byte = chunk[at];
        if (byte === QUOTE) inText = !inText;
        else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) open(byte, at);
        else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) close(byte, at);
        else if (byte === COMMA) comma(at);
      }
      keepTo(chunk.length);
      return parts;
    },
    end() {
      if (mode === 'array') return [buffer.take('The array is not closed: the source ends within it.')];
      if (buffer.isBlank()) return [];
      return [buffer.take(mode === 'closed' ? 'Expected nothing behind the end of the array.' : 'Expected an object.')];
    },
  };
}
