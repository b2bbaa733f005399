import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { type ImportFileOptions, importFiles } from './import-files.ts';

export interface ImportCommandOptions extends Omit<ImportFileOptions, 'mapping'> {
  readonly mapping?: readonly string[] | undefined;
  readonly suggest?: boolean | undefined;
  readonly singer?: boolean | undefined;
  readonly tap?: string | undefined;
}

/** Imports in the way that the options say. */
export const importCommand = async (
  invocation: ClientInvocation,
  files: readonly string[],
  { mapping: mappings = [], suggest, singer, tap, ...options }: ImportCommandOptions,
): Promise<Exit> => {
  if (tap !== undefined || singer === true) {
    if (files.length > 0) throw new CommandError('usage', 'A Singer tap is imported by itself, without files.');
    if (suggest === true || options.resume !== undefined) {
      throw new CommandError('usage', '--suggest and --resume are for files; a tap goes on from its last state by itself.');
    }
    const { importSinger } = await import('./import-singer.ts');
    return importSinger(invocation, { ...options, tap, mappings });
  }
  if (suggest === true) return (await import('./suggest.ts')).suggest(invocation, files, options);
  const [mapping, ...others] = mappings;
  if (others.length > 0) throw new CommandError('usage', 'A file has one mapping; --mapping is repeated only with --singer and --tap.');
  return importFiles(invocation, files, { ...options, mapping });
};
