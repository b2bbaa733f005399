import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** What the page's commands print, one after the other, where they do what they are there for. */
test.each([
  ['bring-records-in', /2 created .* 1 rejected[\s\S]*Bonn +20 [\s\S]*"created":1,"updated":1[\s\S]*81\.5 +Köln/],
  ['add-a-metric', /West +1,501,238\.00 +42\.07 %[\s\S]*Adds[\s\S]*more: --cursor/],
  ['restrict-what-a-role-sees', /Deals won\n.*\nCentral +1,629\ncomplete to[\s\S]*"action":"query"[\s\S]*"version":2,"rules":\[\]/],
])('the commands of %s do what they say', async (page, expected) => {
  const data = await temporaryDataFolder();
  const sophia = await startSophia({ dataDirectory: data.path });
  try {
    const folder = dirname(data.path);
    await writeFile(join(folder, 'sophia'), LAUNCHER, { mode: 0o755 });
    await symlink(join(REPOSITORY, 'samples'), join(folder, 'samples'));
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', await scriptOf(page, sophia.address)], {
      cwd: folder,
      timeout: 120_000,
    });
    expect(stdout).toMatch(expected);
  } finally {
    await sophia.kill();
    await data.remove();
  }
});

/** The repository's own stands in its folder, and so would the data. */
const LAUNCHER = `#!/bin/sh
exec "${process.execPath}" --disable-warning=ExperimentalWarning "${REPOSITORY}apps/sophia/src/main.ts" "$@"
`;

const scriptOf = async (page: string, address: string): Promise<string> => {
  const text = await readFile(join(REPOSITORY, 'docs/how-to', `${page}.md`), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.join('').replaceAll('http://127.0.0.1:8080', address);
};
