import { readFile } from 'node:fs/promises';
import type { PostgresConnection } from '@sophia/database/postgres';
import { SophiaError } from '@sophia/shared';

/** Says what is wrong with a setting, which is a secret: its value is never shown. */
type Refuse = (what: string) => SophiaError;

/**
 * The server that a URL of the setting `variable` names. Errors: `invalid_configuration` for what cannot be done, so that nothing
 * that a URL asks for is passed over.
 */
export const connectionOfUrl = async (url: string, variable: string): Promise<PostgresConnection> => {
  const refuse: Refuse = (what) => new SophiaError('invalid_configuration', `${variable} ${what}`);
  const { hostname, port, pathname, username, password, searchParams, hash } = new URL(url);
  if (hash !== '') throw refuse('has a #; in a password it is written as %23.');
  for (const name of searchParams.keys()) checkOption(name, refuse);
  const decoded = (part: string): string => decode(part, refuse);
  // An address of IPv6 stands in brackets in a URL alone.
  const host = searchParams.get('host') ?? decoded(hostname).replace(/^\[(.+)\]$/, '$1');
  if (host.includes(',')) throw refuse('names several hosts; allowed is one, which is that of the primary after a failover too.');
  const database = decoded(pathname.slice(1));
  if (database === '') throw refuse('names no database; it ends as in @host:5432/sophia.');
  return {
    host,
    port: Number(port === '' ? 5432 : port),
    database,
    user: decoded(username),
    password: decoded(password),
    ...(await tlsOf(searchParams, refuse)),
  };
};

const OPTIONS = ['host', 'sslmode', 'sslrootcert'];
const MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

const checkOption = (name: string, refuse: Refuse): void => {
  if (OPTIONS.includes(name)) return;
  // What is no name may be a part of a password.
  const named = /^[a-z_]+$/.test(name) ? `the option ${name}` : 'an option that is none (in a password ? is written as %3F)';
  throw refuse(`has ${named}; allowed are ${OPTIONS.join(', ')}.`);
};

const decode = (part: string, refuse: Refuse): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refuse('has a % that begins no escape; write % as %25.');
  }
};

/** TLS is all or nothing: the certificate has to be of an authority that is trusted, and of the name of the host. */
const tlsOf = async (options: URLSearchParams, refuse: Refuse): Promise<Pick<PostgresConnection, 'tls'>> => {
  const file = options.get('sslrootcert');
  const mode = options.get('sslmode') ?? (file === null ? 'disable' : 'verify-full');
  if (!MODES.includes(mode)) {
    throw refuse(
      `has sslmode=${mode}; allowed are ${MODES.join(', ')}, of which each but disable takes only a certificate that is trusted.`,
    );
  }
  if (mode === 'disable') return {};
  return { tls: file === null || file === 'system' ? true : { authority: await readAuthority(file, refuse) } };
};

const readAuthority = async (file: string, refuse: Refuse): Promise<string> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw refuse(`has an sslrootcert that cannot be read: ${String(error)}`);
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw refuse(`has sslrootcert=${file}, which holds no certificate in PEM.`);
};
