import { isCalendarDay, parseMicros } from '@sophia/shared';
import type { CopyType } from '../database.ts';

/** Gathers rows in PostgreSQL's binary COPY format. */
export interface CopyEncoder {
  /** Encodes one row; gives a chunk whenever enough has gathered. */
  add(row: readonly unknown[]): Buffer | undefined;
  /** What remains, with the trailer. */
  finish(): Buffer;
}

/**
 * Encoder for rows of these types (PostgreSQL documentation, COPY, "Binary Format"). Throws a
 * TypeError that names column and value for what does not fit its type. Chunks are never changed
 * after they are given out.
 */
export function createCopyEncoder(types: readonly CopyType[], chunkBytes = 64 * 1024): CopyEncoder {
  const writers = types.map((type) => WRITERS[type]);
  const into = new ByteWriter(chunkBytes);
  into.bytes(HEADER);
  return {
    add(row) {
      into.int16(writers.length);
      for (let index = 0; index < writers.length; index++) {
        const value = row[index];
        if (value === null || value === undefined) into.int32(-1);
        else {
          try {
            (writers[index] as Writer)(into, value);
          } catch (error) {
            throw new TypeError(
              `Column ${index + 1} of a COPY takes ${types[index]}, found ${typeof value} ${String(value).slice(0, 100)}.`,
              { cause: error },
            );
          }
        }
      }
      return into.length >= chunkBytes ? into.take() : undefined;
    },
    finish() {
      into.int16(-1);
      return into.take();
    },
  };
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
type Writer = (into: ByteWriter, value: unknown) => void;

class ByteWriter {
  #buffer: Buffer;
  #size: number;
  length = 0;

  constructor(size: number) {
    this.#size = size * 2;
    this.#buffer = Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives out what is written and starts a new buffer. */
  take(): Buffer {
    const chunk = this.#buffer.subarray(0, this.length);
    this.#buffer = Buffer.allocUnsafeSlow(this.#size);
    this.length = 0;
    return chunk;
  }

  #room(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, at + bytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.length = at + bytes;
    return at;
  }

  int16(value: number): void {
    const at = this.#room(2);
    this.#buffer.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeInt32BE(value, at);
  }

  /** A field of 4 bytes with its length. */
  int32Field(value: number): void {
    const at = this.#room(8);
    this.#buffer.writeInt32BE(4, at);
    this.#buffer.writeInt32BE(value, at + 4);
  }

  int64Field(value: bigint): void {
    const at = this.#room(12);
    this.#buffer.writeInt32BE(8, at);
    this.#buffer.writeBigInt64BE(value, at + 4);
  }

  uint64Field(value: bigint): void {
    const at = this.#room(12);
    this.#buffer.writeInt32BE(8, at);
    this.#buffer.writeBigUInt64BE(value, at + 4);
  }

  /** Integers that a double holds exactly, without a BigInt. */
  safeIntegerField(value: number): void {
    const at = this.#room(12);
    const high = Math.floor(value / 4_294_967_296);
    this.#buffer.writeInt32BE(8, at);
    this.#buffer.writeInt32BE(high, at + 4);
    this.#buffer.writeUInt32BE(value - high * 4_294_967_296, at + 8);
  }

  float64Field(value: number): void {
    const at = this.#room(12);
    this.#buffer.writeInt32BE(8, at);
    this.#buffer.writeDoubleBE(value, at + 4);
  }

  byteField(value: number): void {
    const at = this.#room(5);
    this.#buffer.writeInt32BE(1, at);
    this.#buffer[at + 4] = value;
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
  }

  bytesField(value: Uint8Array): void {
    this.int32(value.length);
    this.bytes(value);
  }

  /** Text as UTF-8, with so many bytes before it that count as part of the field. */
  textField(value: string, version?: number): void {
    // At most three bytes a UTF-16 unit: room for all, and what is not needed is given back.
    const extra = version === undefined ? 0 : 1;
    const at = this.#room(4 + extra + value.length * 3);
    if (version !== undefined) this.#buffer[at + 4] = version;
    const written = this.#buffer.write(value, at + 4 + extra, 'utf8');
    this.#buffer.writeInt32BE(written + extra, at);
    this.length = at + 4 + extra + written;
  }
}

const WRITERS: Readonly<Record<CopyType, Writer>> = {
  int4: (into, value) => into.int32Field(integer(value)),
  int8: writeInt8,
  xid8: (into, value) => into.uint64Field(typeof value === 'bigint' ? value : wholeNumber(value)),
  float8: (into, value) => into.float64Field(typeof value === 'number' ? value : refuse()),
  bool: (into, value) => into.byteField(typeof value === 'boolean' ? Number(value) : refuse()),
  text: (into, value) => into.textField(typeof value === 'string' ? value : refuse()),
  bytea: (into, value) => into.bytesField(value instanceof Uint8Array ? value : refuse()),
  jsonb: (into, value) => into.textField(typeof value === 'string' ? value : refuse(), JSONB_VERSION),
  timestamptz: writeTimestamptz,
  date: writeDate,
  numeric: (into, value) => writeNumeric(into, typeof value === 'string' ? value : refuse()),
};

const JSONB_VERSION = 1;
/** Between 1970 and PostgreSQL's epoch, 2000-01-01. */
const EPOCH_DAYS = 10_957;
const EPOCH_MICROS = 946_684_800_000_000;

function refuse(): never {
  throw new TypeError('not of this type');
}

function integer(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : refuse();
}

function wholeNumber(value: unknown): bigint {
  return Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
    ? BigInt(value as number | string)
    : refuse();
}

function writeInt8(into: ByteWriter, value: unknown): void {
  if (typeof value === 'bigint') into.int64Field(value);
  else if (Number.isSafeInteger(value)) into.safeIntegerField(value as number);
  else if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) into.safeIntegerField(Number(value));
  else into.int64Field(wholeNumber(value));
}

function writeTimestamptz(into: ByteWriter, value: unknown): void {
  if (typeof value === 'number') into.safeIntegerField(integer(value) - EPOCH_MICROS);
  else if (typeof value === 'bigint') into.int64Field(value - BigInt(EPOCH_MICROS));
  else if (typeof value === 'string') into.int64Field((parseMicros(value) ?? refuse()) - BigInt(EPOCH_MICROS));
  else refuse();
}

function writeDate(into: ByteWriter, value: unknown): void {
  if (typeof value !== 'string' || !isCalendarDay(value)) refuse();
  into.int32Field(Date.parse(`${value}T00:00:00Z`) / 86_400_000 - EPOCH_DAYS);
}

/** Groups of four decimal digits around the point, as PostgreSQL keeps them (src/backend/utils/adt/numeric.c). */
function writeNumeric(into: ByteWriter, text: string): void {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (parts === null) refuse();
  const [, sign, whole = '', fraction = ''] = parts;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let at = 0; at < left.length; at += 4) groups.push(Number(left.slice(at, at + 4)));
  for (let at = 0; at < right.length; at += 4) groups.push(Number(right.slice(at, at + 4)));
  let weight = left.length / 4 - 1;
  while (groups[0] === 0) {
    groups.shift();
    weight--;
  }
  while (groups.at(-1) === 0) groups.pop();
  into.int32(8 + groups.length * 2);
  into.int16(groups.length);
  into.int16(groups.length === 0 ? 0 : weight);
  into.int16(sign === '-' && groups.length > 0 ? 0x4000 : 0);
  into.int16(fraction.length);
  for (const group of groups) into.int16(group);
}
