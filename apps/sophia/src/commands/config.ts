import { describeConfiguration, readConfiguration } from '@sophia/shared';
import { readConfigurationFile } from '../client/settings.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { NONE } from '../output/format-cell.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';

/** What is in force and where it comes from, secrets masked. */
export const config = async ({ terminal, environment }: Invocation, { dataDir, workspace, json }: CommonOptions): Promise<void> => {
  const settings = describeConfiguration(
    readConfiguration({
      env: environment,
      file: await readConfigurationFile(environment),
      arguments: { 'data-dir': dataDir, workspace },
    }),
  );
  if (json === true) return terminal.out(`${JSON.stringify(settings)}\n`);
  terminal.out(
    renderTable(
      ['Setting', 'Value', 'From', 'Variable'].map((title) => ({ title })),
      settings.map(({ path, value, in_words, origin, variable }) => [path, in_words ?? value ?? NONE, origin, variable]),
      { width: terminal.columns, styles: stylesOf(terminal) },
    ),
  );
};
