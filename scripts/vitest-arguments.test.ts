import { expect, it } from 'vitest';
import { vitestArguments } from './vitest-arguments.ts';

it.each([
  ['unit', ['--project=unit']],
  ['engine packages/cache', ['--project=engine', 'packages/cache']],
  ['unti', ['unti']],
  ['-t unit packages/cache', ['-t', 'unit', 'packages/cache']],
  ['--project=unit a.test.ts', ['--project=unit', 'a.test.ts']],
  ['--changed', ['--changed', '--passWithNoTests']],
  ['--changed=main', ['--changed=main', '--passWithNoTests']],
  ['--json unit', ['--project=unit']],
])('./sophia test %s', (line, told) => {
  expect(vitestArguments(line.split(' '), ['unit', 'engine'])).toEqual(told);
});
