import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { commandLinePage } from './reference-page.ts';

it('the reference of the command line is up to date (node scripts/command-line-page.ts)', async () => {
  const page = new URL('../../../../docs/reference/command-line.md', import.meta.url);
  expect(await readFile(page, 'utf8')).toBe(commandLinePage());
});
