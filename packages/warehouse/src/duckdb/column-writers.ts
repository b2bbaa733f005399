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

/** Text, which the vector takes one by one. */
export function textWriter(convert: (value: unknown) => string | undefined): ColumnWriter {
  const validity = nullBits();
  let vector: Vector;
  return {
    begin(chunk, column) {
      validity.clear();
      vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
    },
    put(at, value) {
      const text = convert(value);
      if (text === undefined) return false;
      duckdb.vector_assign_string_element(vector, at, text);
      return true;
    },
    putNull: validity.set,
    end: () => validity.flush(vector),
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
