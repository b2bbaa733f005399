import { allPages } from '../client/all-pages.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { parseCount } from '../input/metric-query.ts';
import { NONE } from '../output/format-cell.ts';
import { ago } from '../output/freshness-line.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

export interface CreateKeyOptions extends CommonOptions {
  readonly role: string;
  readonly name: string;
  readonly expires?: string | undefined;
  readonly user?: string | undefined;
  readonly requestsPerSecond?: string | undefined;
  readonly installation?: boolean | undefined;
}

export const createKey = async ({ api, terminal }: ClientInvocation, options: CreateKeyOptions): Promise<void> => {
  const { role, name, expires, user, requestsPerSecond, installation, json } = options;
  const body = {
    role,
    name,
    expires_at: expires,
    user_record: user === undefined ? undefined : userRecordOf(user),
    requests_per_second: requestsPerSecond === undefined ? undefined : parseCount(requestsPerSecond, '--requests-per-second'),
    installation,
  };
  const made = await api.call<{ key: Key; text: string }>('POST', '/keys', { body });
  if (json === true) return terminal.out(`${JSON.stringify(made)}\n`);
  terminal.out(`${made.text}\n`);
  terminal.err(`Key ${made.key.id} (${plainText(name)}, ${role}) is shown this once. Send it as Authorization: Bearer <key>.\n`);
};

const userRecordOf = (user: string): { source_system: string; source_id: string } => {
  const [, system, id] = /^([^:]+):(.+)$/s.exec(user) ?? [];
  if (system !== undefined && id !== undefined) return { source_system: system, source_id: id };
  throw new CommandError('usage', `--user is ${JSON.stringify(user)}.`, 'Write the source and the id there, such as crm:ann.');
};

export const listKeys = async ({ api, terminal }: ClientInvocation, { json }: CommonOptions): Promise<void> => {
  const keys = await allPages(
    (query) => api.call<{ keys: readonly Key[]; next_cursor: string | null }>('GET', '/keys', { query }),
    (page) => page.keys,
  );
  if (json === true) return terminal.out(`${JSON.stringify(keys)}\n`);
  const now = Date.now();
  const stateOf = ({ revoked_at, expires_at }: Key): string => {
    if (revoked_at !== null) return 'revoked';
    return expires_at !== null && Date.parse(expires_at) < now ? 'expired' : 'active';
  };
  terminal.out(
    renderTable(
      [{ title: 'Id', isWhole: true }, ...['Name', 'Role', 'State', 'Created', 'Expires'].map((title) => ({ title }))],
      keys.map((key) => [key.id, key.name, key.role, stateOf(key), ago(key.created_at, now), key.expires_at ?? NONE]),
      { width: terminal.columns, styles: stylesOf(terminal) },
    ),
  );
};

export const revokeKey = async ({ api, terminal }: ClientInvocation, id: string, { json }: CommonOptions): Promise<void> => {
  const answer = await api.call('DELETE', `/keys/${encodeURIComponent(id)}`);
  terminal.out(json === true ? `${JSON.stringify(answer)}\n` : `The key ${id} is revoked.\n`);
};
