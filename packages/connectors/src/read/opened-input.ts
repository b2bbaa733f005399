import type { Compression } from '../bytes/decompress.ts';
import type { Peekable } from '../bytes/peekable.ts';
import type { ReadProgress, SourceInput } from '../bytes/source-input.ts';

/** What is known of the input before its rows. */
export interface OpenedInput {
  readonly input: SourceInput;
  readonly name: string | undefined;
  readonly compression: Compression;
  readonly content: Peekable;
  progress(): ReadProgress;
}
