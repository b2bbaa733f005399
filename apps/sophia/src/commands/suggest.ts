import { textOf } from '../client/api-client.ts';
import { importForm } from '../client/import-form.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { findSource } from '../input/import-source.ts';
import { plainText } from '../output/text-width.ts';
import { type ImportFileOptions, readingOf } from './import-files.ts';

/** Writes a first mapping for a file to standard output. */
export const suggest = async ({ api, terminal }: ClientInvocation, files: readonly string[], options: ImportFileOptions): Promise<Exit> => {
  const [path, ...others] = files;
  if (path === undefined || others.length > 0) throw new CommandError('usage', 'A mapping is suggested for one file at a time.');
  const source = await findSource(path, terminal);
  const form = importForm({
    options: { source_system: options.sourceSystem, record_type: options.type, ...readingOf(options) },
    fileName: source.name,
    bytes: source.read(),
    headers: {},
  });
  const answer = await api.open('POST', '/imports/suggest', form).then(textOf).finally(source.close);
  const { mapping, assumptions }: { mapping: string; assumptions: readonly string[] } = JSON.parse(answer);
  terminal.out(options.json === true ? `${answer}\n` : mapping);
  for (const assumption of assumptions) terminal.err(`${plainText(assumption)}\n`);
  return 'ok';
};
