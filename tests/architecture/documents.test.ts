import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { paths, ROOT } from './repository.ts';

const documents = await Promise.all(
  (await paths('*.md', 'docs/**/*.md', 'samples/**/*.md', '{packages,services,apps}/*/*.md')).map(async (path) => ({
    path,
    text: await readFile(join(ROOT, path), 'utf8'),
  })),
);
const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');

describe('documents', () => {
  test('link to files and headings that are there', async () => {
    const links = documents.flatMap(({ path, text }) =>
      [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link = '']) => ({ path, link })),
    );
    const broken: string[] = [];
    for (const { path, link } of links) {
      const [file = '', heading] = link.split('#');
      const target = file === '' ? join(ROOT, path) : resolve(ROOT, dirname(path), file);
      const found = await access(target).then(
        () => heading === undefined || hasHeading(target, heading),
        () => false,
      );
      if (!found) broken.push(`${path}: ${link}`);
    }
    expect(broken).toEqual([]);
  });

  test('name scripts and folders of this repository that are there', async () => {
    const named = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/`(?:node )?((?:packages|services|apps|scripts|tests|bench|docs|samples)\/[\w./-]+)`/g)].map(([, file = '']) => ({
        path,
        file,
      })),
    );
    const missing: string[] = [];
    for (const { path, file } of named) await access(join(ROOT, file)).catch(() => missing.push(`${path}: ${file}`));
    expect(missing).toEqual([]);
  });

  test('give commands that ./sophia knows', async () => {
    const known = await commands();
    const given = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:^|[\s`|(])\.\/sophia ([a-z][a-z-]*)/gm)].map(([, command = '']) => ({ path, command })),
    );
    expect(given.filter(({ command }) => !known.has(command))).toEqual([]);
  });
});

async function hasHeading(file: string, heading: string): Promise<boolean> {
  const headings = (await readFile(file, 'utf8')).match(/^#+ .*$/gm) ?? [];
  const anchor = (line: string) =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
  return headings.some((line) => anchor(line) === heading);
}

/** What the launcher does itself, and what the command line lists in its help. */
async function commands(): Promise<Set<string>> {
  const launcher = await readFile(join(ROOT, 'sophia'), 'utf8');
  const own = [...launcher.matchAll(/^ {4}([a-z |]+)\) /gm)].flatMap(([, names = '']) => names.split(' | '));
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'apps/sophia/src/main.ts'), '--help'], { timeout: 30_000 });
  return new Set([...own, ...[...stdout.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name)]);
}
