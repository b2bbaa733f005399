import { type DuckDBDataChunk, DuckDBListValue } from '@duckdb/node-api';
import duckdb, { type Vector } from '@duckdb/node-bindings';

/** Rows of a vector in DuckDB, and so of a chunk. */
export const CHUNK_ROWS = 2_048;

/** Fills one column of one chunk after another; what it needs for that is kept, since a load makes millions of values. */
export interface ColumnWriter {
  begin(chunk: DuckDBDataChunk, column: number): void;
  /** False where the column cannot hold the value exactly. */
  put(at: number, value: unknown): boolean;
  putNull(at: number): void;
  /** Hands `count` values to the chunk. */
  end(count: number): void;
}

type Items = Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Values of a fixed width, copied into the vector at once. */
export function fixedWriter<Value extends number | bigint>(
  items: Items & { [index: number]: Value },
  convert: (value: unknown) => Value | undefined,
): ColumnWriter {
  const validity = nullBits();
  let vector: Vector;
  return {
    begin(chunk, column) {
      validity.clear();
      vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    },
    put(at, value) {
      const converted = convert(value);
      if (converted === undefined) return false;
      items[at] = converted;
      return true;
    },
    putNull: validity.set,
    end(count) {
      duckdb.copy_data_to_vector(vector, 0, items.buffer, items.byteOffset, count * items.BYTES_PER_ELEMENT);
      validity.flush(vector);
    },
  };
}

/** Bytes of a `duckdb_string_t`: four for the length, and twelve for a text that fits in them. */
const STRING_BYTES = 16;
const INLINED_BYTES = 12;

/**
 * Text. The vector takes what is longer one by one, at half a microsecond each; short texts of ASCII, which most are,
 * stand within its own items (`duckdb_string_t` in duckdb.h) and are copied at once.
 */
export function textWriter(convert: (value: unknown) => string | undefined): ColumnWriter {
  const validity = nullBits();
  const bytes = new Uint8Array(CHUNK_ROWS * STRING_BYTES);
  const words = new Uint32Array(bytes.buffer);
  const long: { readonly at: number; readonly text: string }[] = [];
  let vector: Vector;
  const putShort = (at: number, text: string): boolean => {
    const { length } = text;
    if (length > INLINED_BYTES) return false;
    const from = at * STRING_BYTES + 4;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[from + index] = code;
    }
    words[at * 4] = length;
    return true;
  };
  return {
    begin(chunk, column) {
      validity.clear();
      // What is behind a short text counts when texts are compared: it is nothing.
      bytes.fill(0);
      long.length = 0;
      vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    },
    put(at, value) {
      const text = convert(value);
      if (text === undefined) return false;
      if (!putShort(at, text)) long.push({ at, text });
      return true;
    },
    putNull: validity.set,
    end(count) {
      duckdb.copy_data_to_vector(vector, 0, bytes.buffer, 0, count * STRING_BYTES);
      for (const { at, text } of long) duckdb.vector_assign_string_element(vector, at, text);
      validity.flush(vector);
    },
  };
}

export function listWriter(convert: (value: unknown) => readonly string[] | undefined): ColumnWriter {
  let vector: ReturnType<DuckDBDataChunk['getColumnVector']>;
  return {
    begin(chunk, column) {
      vector = chunk.getColumnVector(column);
    },
    put(at, value) {
      const list = convert(value);
      if (list !== undefined) vector.setItem(at, new DuckDBListValue(list));
      return list !== undefined;
    },
    putNull: (at) => vector.setItem(at, null),
    end: () => vector.flush(),
  };
}

/** Which values of a vector are null: a bit for each, 0 for null. A vector without any needs none. */
function nullBits() {
  const bits = new Uint8Array(CHUNK_ROWS / 8).fill(0xff);
  const view = new DataView(bits.buffer);
  let hasNulls = false;
  return {
    /** Also what a chunk left that was given up. */
    clear(): void {
      if (hasNulls) bits.fill(0xff);
      hasNulls = false;
    },
    set(at: number): void {
      hasNulls = true;
      view.setUint8(at >> 3, view.getUint8(at >> 3) & ~(1 << (at & 7)));
    },
    flush(vector: Vector): void {
      if (!hasNulls) return;
      duckdb.vector_ensure_validity_writable(vector);
      duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, bits.byteLength);
    },
  };
}
