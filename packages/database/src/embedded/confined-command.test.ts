import { describe, expect, test } from 'vitest';
import { type Confinement, confinerFor, createConfiner } from './confined-command.ts';

const commandLine = (confinement: Confinement, diesWithUs: boolean): string => {
  const { file, arguments: parameters } = confinerFor(confinement, diesWithUs).command('/bin/postgres', ['-D', 'folder']);
  return [file, ...parameters].join(' ');
};

describe('the command of PostgreSQL', () => {
  test.each<[Confinement, boolean, string]>([
    ['same_user', true, 'setpriv --pdeathsig INT -- /bin/postgres -D folder'],
    ['same_user', false, '/bin/postgres -D folder'],
    ['user_namespace', true, 'unshare --user --map-user=65534 --map-group=65534 -- setpriv --pdeathsig INT -- /bin/postgres -D folder'],
    ['user_namespace', false, 'unshare --user --map-user=65534 --map-group=65534 -- /bin/postgres -D folder'],
    ['nobody', true, 'setpriv --reuid=65534 --regid=65534 --clear-groups --pdeathsig INT -- /bin/postgres -D folder'],
  ])('as %s (told of our death: %s)', (confinement, diesWithUs, expected) => {
    expect(commandLine(confinement, diesWithUs)).toBe(expected);
  });

  test('is found out by trying', async () => {
    const expected = process.getuid?.() === 0 ? ['user_namespace', 'nobody'] : ['same_user'];
    expect(expected).toContain((await createConfiner()).confinement);
  });
});
