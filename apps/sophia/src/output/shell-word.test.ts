import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWord } from './shell-word.ts';

it('a shell reads the text back from it, and what needs no quotes has none', () => {
  expect(shellWord('/srv/sophia-data/main_1.2')).toBe('/srv/sophia-data/main_1.2');
  expect(shellWord("re s'tored")).toBe(`'re s'\\''tored'`);
  const texts = fc.sample(
    fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.toWellFormed().replaceAll('\0', '')),
    100,
  );
  const script = `printf '%s\\0' ${texts.map(shellWord).join(' ')}`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(texts.map((text) => `${text}\0`).join(''));
});
