import type { ImportReport } from '@sophia/catalog';
import { HungUp } from '../client/api-client.ts';
import { ProblemError } from '../client/problem-error.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { PartlyDone } from '../command-line/partly-done.ts';
import { askFormat, type FormatQuestion } from '../input/ask-format.ts';
import { findSource, type ImportSource, STANDARD_INPUT } from '../input/import-source.ts';
import { readNamed } from '../input/read-named.ts';
import { renderReport } from '../output/import-report.ts';
import { stylesOf } from '../output/styles.ts';
import { runImport } from './run-import.ts';

export interface ImportFileOptions extends CommonOptions {
  readonly mapping?: string | undefined;
  readonly sourceSystem?: string | undefined;
  readonly type?: string | undefined;
  readonly resume?: string | undefined;
  readonly format?: string | undefined;
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly escaping?: string | undefined;
  readonly header?: boolean | undefined;
}

/** How often a file is sent where the connection breaks before an answer. Rows that are there already are not written twice. */
const ATTEMPTS = 4;

/** Imports files one after the other; the exit says whether rows were rejected. */
export const importFiles = async (invocation: ClientInvocation, files: readonly string[], options: ImportFileOptions): Promise<Exit> => {
  const chosen = files.length === 0 && options.resume !== undefined ? [await pathOf(invocation, options.resume)] : files;
  if (chosen.length === 0) throw new CommandError('usage', 'No file is named.', 'sophia import FILE --mapping mapping.yaml');
  if (options.resume !== undefined && chosen.length > 1) throw new CommandError('usage', 'One import is resumed at a time.');
  if (chosen.length > 1 && chosen.includes(STANDARD_INPUT)) {
    throw new CommandError('usage', 'Standard input is imported by itself, without files.');
  }
  const sources: ImportSource[] = [];
  for (const path of chosen) sources.push(await findSource(path, invocation.terminal));
  const reports: ImportReport[] = [];
  for (const source of sources) {
    const report = await importSource(invocation, source, options)
      .finally(source.close)
      .catch((error: unknown) => {
        throw reports.length === 0 ? error : new PartlyDone(error, { reports });
      });
    reports.push(report);
    if (options.json !== true) invocation.terminal.out(renderReport(report, stylesOf(invocation.terminal)));
  }
  if (options.json === true) invocation.terminal.out(`${JSON.stringify(reports.length === 1 ? reports[0] : reports)}\n`);
  return reports.some(({ rejected }) => rejected > 0) ? 'rejected' : 'ok';
};

/** The file of an import that was interrupted, as it was named then. */
const pathOf = async ({ api }: ClientInvocation, id: string): Promise<string> => {
  const { parameters } = await api.call<ImportReport>('GET', `/imports/${encodeURIComponent(id)}`);
  if (typeof parameters.path === 'string') return parameters.path;
  throw new CommandError('usage', `The import ${id} does not say which file it read.`, `sophia import FILE --resume ${id}`);
};

const importSource = async (invocation: ClientInvocation, source: ImportSource, options: ImportFileOptions): Promise<ImportReport> => {
  const { typed, name, file } = source;
  const { mapping, resume, type, sourceSystem } = options;
  if (mapping === undefined && resume === undefined && (type === undefined || sourceSystem === undefined)) {
    throw new CommandError(
      'usage',
      `What the rows of ${typed} are is not said: give --mapping, or --type and --source-system where its columns are called like the fields of the type.`,
      `A first mapping is written by: sophia import ${typed} --suggest > mapping.yaml`,
    );
  }
  const sent = {
    ...(await mappingOf(options.mapping)),
    source_system: options.sourceSystem,
    record_type: options.type,
    resume: options.resume,
    path: file?.path,
    bytes_total: file?.size,
    ...readingOf(options),
  };
  const answers: Record<string, string> = {};
  for (let attempt = 1; ; attempt += 1) {
    try {
      const form = {
        // One that goes on keeps the answers that it was begun with.
        options: Object.keys(answers).length === 0 ? sent : { ...sent, answers },
        fileName: name,
        bytes: source.read(),
      };
      return await runImport(invocation, form, file === undefined ? { goOn: goOnFromInput } : {});
    } catch (error) {
      if (file === undefined) throw error;
      if (error instanceof HungUp && attempt < ATTEMPTS) continue;
      const question = questionOf(error);
      if (question === undefined || !invocation.terminal.interactive || question.column in answers) throw error;
      answers[question.column] = await askFormat(invocation.terminal, question, invocation.interrupted);
    }
  }
};

const goOnFromInput = (id: string): string => `sophia import - --resume ${id} < FILE`;

/** How a file is read, as far as that is set. Errors: `CommandError` where a character is none. */
export const readingOf = ({ format, encoding, delimiter, quote, escaping, header }: ImportFileOptions) => ({
  format,
  encoding,
  delimiter: delimiter === undefined ? undefined : characterOf(delimiter, '--delimiter', 'one character, or tab'),
  quote: quote === undefined ? undefined : characterOf(quote, '--quote', 'one character'),
  escaping,
  header,
});

/** A tab is not easily typed. */
const TAB = ['tab', '\\t'];

const characterOf = (text: string, option: string, allowed: string): string => {
  const character = TAB.includes(text) ? '\t' : text;
  if (character.length === 1) return character;
  throw new CommandError('usage', `${option} is ${JSON.stringify(text)}; allowed is ${allowed}.`);
};

const mappingOf = async (path: string | undefined): Promise<{ mapping?: string; mapping_name?: string }> => {
  return path === undefined ? {} : { mapping: await readNamed('mapping', path), mapping_name: path };
};

const questionOf = (error: unknown): FormatQuestion | undefined => {
  if (!(error instanceof ProblemError)) return undefined;
  const { code, column, field, example, choices } = error.problem;
  // These errors are the questions, as the connectors ask them.
  return code === 'ambiguous_date_format' || code === 'ambiguous_number_format'
    ? ({ column, field, example, choices } as FormatQuestion)
    : undefined;
};
