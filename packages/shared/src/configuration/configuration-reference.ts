import type { Setting } from './setting.ts';
import { formatBytes, formatDuration } from './setting.ts';
import { SETTINGS } from './settings.ts';

/** `docs/reference/configuration.md`, made from the settings' definitions. */
export function configurationReference(): string {
  const sections = Object.values(SETTINGS).map((setting: Setting<unknown>) => describe(setting));
  return `# Configuration

Made by \`scripts/configuration-reference.ts\` from the definitions in \`packages/shared/src/configuration/settings.ts\`.

A setting is taken from the command line where it has an option, else from its environment variable,
else from \`sophia.yaml\` in the folder where Sophia is started, else it has its default. A value that
is not allowed, and a \`SOPHIA_*\` variable that is none of these, stops the start with a message that
says what was found and what is allowed. \`sophia config\` prints what is in force, secrets masked.

${sections.join('\n')}`;
}

function describe(setting: Setting<unknown>): string {
  const option = setting.argument === undefined ? '' : `, \`--${setting.argument}\``;
  return `## ${setting.path}

${setting.description}

- Set by: \`${setting.variable}\`${option}
- Allowed: ${setting.allowed}
- Default: ${setting.defaultText ?? formatDefault(setting)}
${setting.secret ? '- Secret: never printed.\n' : ''}`;
}

function formatDefault({ default: value, allowed }: Setting<unknown>): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (typeof value === 'number' && allowed.startsWith('a size')) return `\`${formatBytes(value)}\``;
  if (typeof value === 'number' && allowed.startsWith('a time')) return `\`${formatDuration(value)}\``;
  return `\`${value}\``;
}
