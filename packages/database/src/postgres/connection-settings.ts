/** Where a PostgreSQL server is and who connects. Serialisable, so that it can be handed to another process. */
export interface PostgresConnection {
  /** A host name, or the absolute path of the folder that holds the socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** TLS with the system's authorities; `{ authority }` with a PEM of one's own. */
  readonly tls?: boolean | { readonly authority: string } | undefined;
}

/** `owner` migrates, `app` serves requests under row-level security, `log` reads and ticks the log past it. */
export type DatabaseRole = 'owner' | 'app' | 'log';
