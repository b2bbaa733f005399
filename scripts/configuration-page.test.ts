import { expect, test } from 'vitest';
import { configurationPage, writtenConfigurationPage } from './configuration-page.ts';

test('the reference of the configuration is up to date (node scripts/configuration-page.ts)', async () => {
  expect(await writtenConfigurationPage()).toBe(configurationPage());
});

test('a setting is a section with its variable, what is allowed and its default', () => {
  expect(configurationPage()).toContain(
    [
      '## http.port\n',
      'Port that the server listens on; 0 takes any free one.\n',
      '- Set by `SOPHIA_PORT` or `--port`',
      '- Allowed: a whole number from 0 to 65535',
      '- Default: `8080`',
    ].join('\n'),
  );
  expect(configurationPage()).toContain('- Default: none\n- Secret: never printed');
});
