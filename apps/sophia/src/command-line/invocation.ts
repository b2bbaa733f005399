import type { ApiClient } from '../client/api-client.ts';
import type { Terminal } from './terminal.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly dataDir?: string | undefined;
  readonly workspace?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What a command is given beside its own arguments. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a command is given that asks Sophia. */
export interface ClientInvocation extends Invocation {
  readonly api: ApiClient;
  /** Aborted by Ctrl-C: what the API is asked for ends with it. */
  readonly interrupted: AbortSignal;
}
