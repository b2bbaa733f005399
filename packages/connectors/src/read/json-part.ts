/** A part of a JSON text that should be one value. */
export interface JsonPart {
  readonly bytes: Buffer;
  /** Its length; more than that of `bytes` where only its beginning was kept. */
  readonly length: number;
  /** What is wrong with its place, whatever it holds. */
  readonly problem?: string | undefined;
}

/** The part that is being read. */
export interface PartBuffer {
  keep(bytes: Buffer): void;
  isBlank(): boolean;
  /** The part, and an empty buffer for the next one. */
  take(problem?: string): JsonPart;
  clear(): void;
}

/** What is kept of a part that is too long. */
const KEPT_BYTES = 1000;

export function createPartBuffer(maxBytes: number): PartBuffer {
  let kept: Buffer[] = [];
  let length = 0;
  const clear = (): void => {
    kept = [];
    length = 0;
  };
  return {
    keep(bytes) {
      const fits = length <= maxBytes;
      length += bytes.length;
      if (fits && bytes.length > 0) kept.push(bytes);
      if (fits && length > maxBytes) kept = [Buffer.from(Buffer.concat(kept).subarray(0, KEPT_BYTES))];
    },
    isBlank: () => kept.every(isBlank),
    take(problem) {
      const [only] = kept;
      const bytes = kept.length === 1 && only !== undefined ? only : Buffer.concat(kept);
      const part = { bytes, length, ...(problem === undefined ? {} : { problem }) };
      clear();
      return part;
    },
    clear,
  };
}

/** White space of JSON (RFC 8259). */
const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
