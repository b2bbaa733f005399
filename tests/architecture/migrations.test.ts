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
const texts = new Map<string, string>();
for await (const path of glob('{packages,services}/*/{,src/}migrations/*.sql', { cwd: ROOT })) {
  const text = await readFile(join(ROOT, path), 'utf8');
  texts.set(path, text);
  found.set(path, createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex'));
}

test('a migration that was committed is never edited: a database that has it would be refused, so the change is a new migration', () => {
  expect([...listed].filter(([path, checksum]) => found.get(path) !== checksum).map(([path]) => path)).toEqual([]);
});

test(`a new migration is listed in ${LIST}`, () => {
  expect([...found].filter(([path]) => !listed.has(path)).map(([path, checksum]) => `${checksum}  ${path}`)).toEqual([]);
});

/** What requests of other instances read and write while a migration runs, and what grows with the data. */
const ALTERS = /^\s*(alter table|drop index|create (unique )?index(?! concurrently)).*\b(record|event|dead_letter)\b/im;
const TAKES_LONG = /^\s*(with\b|update|delete from|insert into [^;]*\bselect\b)/im;

test('no migration locks a table of requests and changes data in one transaction: requests would wait until it has changed all of them', () => {
  const isBoth = (text: string): boolean =>
    !/^\s*create table (record|event|dead_letter)\b/m.test(text) && ALTERS.test(text) && TAKES_LONG.test(text);
  expect([...texts].filter(([, text]) => isBoth(text)).map(([path]) => path)).toEqual([]);
});
