import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

/** As `sha256sum` writes it, for each migration that was committed. */
const LIST = 'tests/architecture/migrations.sha256';

const listed = new Map((await readFile(join(ROOT, LIST), 'utf8')).split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
listed.delete('');

const found = new Map<string, string>();
for await (const path of glob('{packages,services}/*/{,src/}migrations/*.sql', { cwd: ROOT })) {
  const text = await readFile(join(ROOT, path), 'utf8');
  found.set(path, createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex'));
}

test('a migration that was committed is never edited: a database that has it would be refused, so the change is a new migration', () => {
  expect([...listed].filter(([path, checksum]) => found.get(path) !== checksum).map(([path]) => path)).toEqual([]);
});

test(`a new migration is listed in ${LIST}`, () => {
  expect([...found].filter(([path]) => !listed.has(path)).map(([path, checksum]) => `${checksum}  ${path}`)).toEqual([]);
});
