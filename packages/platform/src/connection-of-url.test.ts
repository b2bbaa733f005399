import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOfUrl } from './connection-of-url.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-authority-'));
  await writeFile(join(folder, 'ca.pem'), PEM);
  await writeFile(join(folder, 'empty.pem'), '');
});
afterAll(() => rm(folder, { recursive: true }));

const read = (url: string) => connectionOfUrl(url, 'SOPHIA_DATABASE_URL');

describe('a URL of PostgreSQL', () => {
  it('is read part by part, escapes and all', async () => {
    expect(await read('postgres://us%40er:p%25%23%2F%3F@db:5433/so%20phia')).toEqual({
      host: 'db',
      port: 5433,
      database: 'so phia',
      user: 'us@er',
      password: 'p%#/?',
    });
    expect(await read('postgresql://user@[::1]/sophia')).toMatchObject({ host: '::1', port: 5432, password: '' });
    expect(await read('postgres://user@localhost/sophia?host=/run/postgresql')).toMatchObject({ host: '/run/postgresql' });
  });

  it('says which TLS it wants', async () => {
    const tls = async (options: string) => (await read(`postgres://user@db/sophia${options}`)).tls;
    expect(await tls('')).toBeUndefined();
    expect(await tls(`?sslmode=disable&sslrootcert=${folder}/ca.pem`)).toBeUndefined();
    for (const mode of ['require', 'verify-ca', 'verify-full']) expect(await tls(`?sslmode=${mode}`)).toBe(true);
    expect(await tls('?sslmode=verify-full&sslrootcert=system')).toBe(true);
    expect(await tls(`?sslrootcert=${folder}/ca.pem`)).toEqual({ authority: PEM });
    expect(await tls(`?sslmode=require&sslrootcert=${folder}/ca.pem`)).toEqual({ authority: PEM });
  });

  it.each([
    ['postgres://user:geheim%@db/sophia', 'has a % that begins no escape; write % as %25.'],
    ['postgres://user:geheim@a,b/sophia', /^names several hosts; allowed is one/],
    ['postgres://user:geheim@db', 'names no database; it ends as in @host:5432/sophia.'],
    ['postgres://user:1#geheim@db/sophia', 'has a #; in a password it is written as %23.'],
    ['postgres://user:1?geheim@db/sophia', /^has an option that is none .*; allowed are host, sslmode, sslrootcert\.$/],
    ['postgres://user@db/sophia?target_session_attrs=any', 'has the option target_session_attrs; allowed are host, sslmode, sslrootcert.'],
    ['postgres://user@db/sophia?sslmode=prefer', /^has sslmode=prefer; allowed are disable, require, verify-ca, verify-full/],
    ['postgres://user@db/sophia?sslrootcert=/nowhere', /^has an sslrootcert that cannot be read: .*\/nowhere/],
  ])('%s is refused without showing it', async (url, what) => {
    const message =
      typeof what === 'string'
        ? `SOPHIA_DATABASE_URL ${what}`
        : expect.stringMatching(new RegExp(what.source.replace('^', '^SOPHIA_DATABASE_URL ')));
    const refused = read(url);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_configuration', message });
    await expect(refused).rejects.not.toThrow('geheim');
  });

  it('with a file of no certificate is refused', async () => {
    await expect(read(`postgres://user@db/sophia?sslrootcert=${folder}/empty.pem`)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/empty\.pem, which holds no certificate in PEM\.$/),
    });
  });
});
