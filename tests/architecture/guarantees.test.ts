import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSources, readWorkspaces } from './repository.ts';

const sources = await readSources(await readWorkspaces());
/** Interfaces whose doc comments number what they promise (`- E1 ...`), by port. */
const ports = sources
  .filter(({ path, workspace }) => path === `${workspace.folder}/src/${basename(workspace.folder)}.ts`)
  .map(({ path, workspace, text }) => ({
    path,
    workspace,
    guarantees: [...new Set([...text.matchAll(/^ \* - ([A-Z]\d+) /gm)].map(([, number = '']) => number))],
  }))
  .filter(({ guarantees }) => guarantees.length > 0);

describe('guarantees', () => {
  test.each(ports)('each one of $path has a test that bears its number', ({ workspace, guarantees }) => {
    const proofs = sources
      .filter((file) => file.workspace === workspace && /\.(test|contract)\.ts$/.test(file.path))
      .map(({ text }) => text);
    const proven = (number: string) =>
      proofs.some((text) => new RegExp(`(test|it|describe|each)\\b[^\\n]*\\n?[^\\n]*['"\`][^'"\`\\n]*\\b${number}\\b`).test(text));
    expect(guarantees.filter((number) => !proven(number))).toEqual([]);
  });
});
