/** Where bytes come from: a file, or anything that yields chunks, such as an HTTP body or standard input. */
export type SourceInput =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'stream';
      readonly stream: AsyncIterable<Uint8Array>;
      /** A file name, where the sender gave one: a hint for the format. */
      readonly name?: string | undefined;
      /** Length in bytes, where known, for the progress. */
      readonly size?: number | undefined;
      /** Media type, where the sender gave one: a hint for the format. */
      readonly contentType?: string | undefined;
    };

/** How far a source is read, in bytes of the input as it is stored or sent (compressed, if it is). */
export interface ReadProgress {
  readonly bytesRead: number;
  /** Null where the length is not known. */
  readonly bytesTotal: number | null;
}
