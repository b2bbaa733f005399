/** A value of `Base` that only its own parser may make. */
export type Brand<Base, Name extends string> = Base & { readonly __brand: Name };

/** A tenant's number in the database; its name stands in the `workspace` table. */
export type WorkspaceId = Brand<number, 'WorkspaceId'>;

/** A record's catalog id: a 63-bit integer as a decimal string, also in JSON. */
export type RecordId = Brand<string, 'RecordId'>;

/** A place in the log, `<epoch>.<tick>.<offset>`: opaque to every client. */
export type Position = Brand<string, 'Position'>;

/** What a write answers with and a later read sends back as `Sophia-After`: opaque. */
export type WriteToken = Brand<string, 'WriteToken'>;

/** The parts of a write token: they leave the process only as `WriteToken`. */
export interface WriteTokenParts {
  readonly epoch: string;
  /** The writing transaction's id (xid8) in decimal. */
  readonly transactionId: string;
  /** The log sequence number of the write-ahead log after the commit, `XXX/XXX`. */
  readonly walPosition: string;
}
