/** What one source may ask of memory. */
export interface ReadLimits {
  /** Longest row in bytes; a longer one is a broken row. */
  readonly rowBytes: number;
  /** Set where a text came from another encoding than UTF-8. */
  readonly transcoded?: boolean | undefined;
  /** Most columns of a table; more refuse the source. */
  readonly columns: number;
  /** Characters of a table that may be read again after misplaced quotes: room for many a stray one, not for a file made of them. */
  readonly rereading: number;
}

/** A row holds a text field of a million characters of four bytes, twice. */
export const DEFAULT_LIMITS: ReadLimits = { rowBytes: 8 * 1024 * 1024, columns: 2000, rereading: 64 * 1024 * 1024 };
