import { expect, test } from 'vitest';
import { errorsPage, writtenErrorsPage } from './errors-page.ts';

test('the reference of error codes is up to date (node scripts/errors-page.ts)', async () => {
  expect(await writtenErrorsPage()).toBe(errorsPage());
});

test('a code is a section with its title, status and way out', () => {
  const page = errorsPage({ out_of_tea: { status: 418, title: 'Out of tea', help: 'Boil water.' } });
  expect(page).toContain('## out_of_tea\n\nOut of tea (HTTP 418). Boil water.\n');
});
