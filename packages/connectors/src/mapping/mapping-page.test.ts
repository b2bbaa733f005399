import { readFile } from 'node:fs/promises';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { expect, test } from 'vitest';
import { UNITS } from '../values/units.ts';
import { parseMapping } from './parse-mapping.ts';

const PAGE = new URL('../../../../docs/reference/mapping-files.md', import.meta.url);

test('the page about mapping files shows one that is valid, and names every unit', async () => {
  const page = await readFile(PAGE, 'utf8');
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const mapping = parseMapping(example, 'mapping-files.md', BUILTIN_RECORD_TYPES);
  expect(mapping.fields).toHaveLength(8);
  expect(mapping.repairs.map((repair) => repair.rule)).toEqual(['company_spelling', 'trimmed']);
  for (const unit of Object.keys(UNITS)) expect(page).toContain(`\`${unit}\``);
});
