import type { DeadLetter } from '@sophia/catalog';
import type { WriteAnswer } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { pageLimit } from '../input/page-limit.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';
import { requireDeadLetterNames } from './require-known.ts';

export interface ReplayOptions extends CommonOptions {
  readonly import?: string | undefined;
  readonly type?: string | undefined;
  readonly sourceSystem?: string | undefined;
  readonly code?: string | undefined;
  readonly state?: string | undefined;
}
export interface ListDeadLettersOptions extends ReplayOptions {
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
}

const selectionOf = ({ import: id, type, sourceSystem, code, state }: ReplayOptions) => ({
  import: id,
  record_type: type,
  source_system: sourceSystem,
  code,
  state,
});

export const listDeadLetters = async ({ api, terminal }: ClientInvocation, options: ListDeadLettersOptions): Promise<void> => {
  const page = await api.call<{ dead_letters: readonly DeadLetter[]; next_cursor: string | null }>('GET', '/dead-letters', {
    query: { ...selectionOf(options), cursor: options.cursor, limit: pageLimit(options.limit) },
  });
  if (page.dead_letters.length === 0) await requireDeadLetterNames(api, options);
  if (options.json === true) return terminal.out(`${JSON.stringify(page)}\n`);
  if (page.dead_letters.length === 0) return terminal.out('No rejected row waits.\n');
  const styles = stylesOf(terminal);
  terminal.out(
    renderTable(
      ['Id', 'State', 'Type', 'Source', 'Line', 'Column', 'Value', 'Reason'].map((title) => ({ title })),
      inOrderOfLines(page.dead_letters).flatMap((letter) =>
        letter.errors.map(({ column, value, message }) => [
          letter.id,
          letter.state,
          letter.record_type,
          letter.source_system,
          String(letter.line),
          column ?? '',
          value === undefined ? '' : JSON.stringify(value),
          message,
        ]),
      ),
      { width: terminal.columns, styles },
    ),
  );
  if (page.next_cursor !== null) terminal.out(styles.faint(`more: --cursor ${page.next_cursor}\n`));
};

/** The rows of an import are stored by several transactions, whose numbers are not in the order of its lines. */
const inOrderOfLines = (letters: readonly DeadLetter[]): readonly DeadLetter[] =>
  [...Map.groupBy(letters, (letter) => letter.import ?? letter.id).values()].flatMap((own) =>
    own.toSorted((one, other) => one.line - other.line),
  );

export const repairDeadLetter = async (
  invocation: ClientInvocation,
  id: string,
  assignments: readonly string[],
  options: CommonOptions & { readonly replay?: boolean | undefined },
): Promise<Exit> => {
  const { api, terminal } = invocation;
  const changes = assignments.map(parseAssignment);
  const path = `/dead-letters/${encodeURIComponent(id)}`;
  const { row } = await api.call<DeadLetter>('GET', path);
  const { fields, original: _original, ...members } = row;
  const told = Object.entries(members).filter(([, value]) => value !== null);
  const body = { ...fields, ...Object.fromEntries(told), ...Object.fromEntries(changes) };
  // A value that is given is meant, also where it is the one that the mapping could not read.
  const confirmed = encodeURIComponent(changes.map(([name]) => name).join(','));
  const letter = await api.call<DeadLetter>('PUT', `${path}?confirmed=${confirmed}`, { body });
  if (options.replay === true) return replayDeadLetters(invocation, [id], options);
  terminal.out(options.json === true ? `${JSON.stringify(letter)}\n` : `${id} is repaired; replay it: sophia dead-letters replay ${id}\n`);
  return 'ok';
};

const parseAssignment = (text: string): readonly [string, string | null] => {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined)
    throw new CommandError('usage', `${JSON.stringify(text)} is no repair.`, 'Write field=value, such as amount=1054.50.');
  return [name.trim(), value === '' ? null : value];
};

/** Writes rows again: those named, else the selection. */
export const replayDeadLetters = async (
  { api, terminal }: ClientInvocation,
  ids: readonly string[],
  options: ReplayOptions,
): Promise<Exit> => {
  const body = ids.length > 0 ? { ids } : selectionOf(options);
  const answer = await api.call<WriteAnswer>('POST', '/dead-letters/replay', { body });
  const { created, updated, unchanged, rejected, errors } = answer;
  const found = created + updated + unchanged + rejected;
  if (found === 0 && ids.length === 0) await requireDeadLetterNames(api, options);
  if (options.json === true) terminal.out(`${JSON.stringify(answer)}\n`);
  else {
    terminal.out(`${created} created + ${updated} updated + ${unchanged} unchanged + ${rejected} rejected again\n`);
    for (const { line, code, message } of errors) terminal.out(`  line ${line}: ${plainText(message)} [${code}]\n`);
  }
  const missing = tellMissing(terminal, ids, found);
  return rejected > 0 ? 'rejected' : missing;
};

export const discardDeadLetters = async (
  { api, terminal }: ClientInvocation,
  ids: readonly string[],
  { json }: CommonOptions,
): Promise<Exit> => {
  const answer = await api.call<{ discarded: number }>('POST', '/dead-letters/discard', { body: { ids } });
  terminal.out(json === true ? `${JSON.stringify(answer)}\n` : `${answer.discarded} discarded\n`);
  return tellMissing(terminal, ids, answer.discarded);
};

/** Of the rows that were named some may not be there, or be closed: replayed, discarded or superseded. */
const tellMissing = ({ err }: ClientInvocation['terminal'], ids: readonly string[], found: number): Exit => {
  const missing = new Set(ids).size - found;
  if (missing <= 0) return 'ok';
  err(`sophia: ${missing} of the rows that were named are not there, or are closed already.\n`);
  return 'notFound';
};
