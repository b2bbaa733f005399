import { expect, test } from 'vitest';
import { refuse, type ServerFacts } from './check-server.ts';

const good: ServerFacts = {
  version: 150_000,
  encoding: 'UTF8',
  takesSettings: true,
  isStandby: false,
  mayCreate: true,
  hasOtherJournal: false,
  hasOtherSecret: false,
};

test.each<[Partial<ServerFacts>, string, RegExp]>([
  [{ version: 140_021 }, 'invalid_configuration', /^It is of version 14; Sophia needs 15 or later\.$/],
  [{ takesSettings: false }, 'invalid_configuration', /^It passes by the settings .* PgBouncer .*: name the server itself/],
  [{ encoding: 'SQL_ASCII' }, 'invalid_configuration', /^It has the encoding SQL_ASCII; Sophia needs UTF8: create database/],
  [{ hasOtherJournal: true }, 'invalid_configuration', /^It has a table "migration" .*: give Sophia a database of its own\.$/],
  [{ hasOtherSecret: true }, 'invalid_configuration', /^It has a table "role_secret" .*: drop it\.$/],
  [{ isStandby: true }, 'unavailable', /^It is a standby, .*: name the primary, or promote it\.$/],
  [{ mayCreate: false }, 'invalid_configuration', /^It has no schema public in which .* grant it create on the schema\.$/],
])('a server with %o is refused with the way out', (facts, code, message) => {
  expect(() => refuse({ ...good, ...facts }, 'It')).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

test('the oldest server that will do is taken', () => {
  expect(() => refuse(good, 'It')).not.toThrow();
});
