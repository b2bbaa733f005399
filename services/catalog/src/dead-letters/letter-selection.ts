import { keyText } from '@sophia/core';
import type { Action, Call } from '@sophia/types';
import type { DeadLetterSelection } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import type { DeadLetterRow } from './dead-letter-row.ts';
import { type LetterSight, letterSight } from './letter-sight.ts';

/**
 * The types of which the principal may see every row, and do this with every row, with what it sees of them: a rejected
 * row cannot be judged as a record is.
 */
export async function openTypes(
  { policy, book, gate }: Pick<CatalogContext, 'policy' | 'book' | 'gate'>,
  call: Call,
  action: Action,
): Promise<ReadonlyMap<string, LetterSight>> {
  const [resolved, types] = await Promise.all([policy.resolve(call.principal), book.types(call.principal.workspace)]);
  const open = new Map<string, LetterSight>();
  for (const [name, type] of types) {
    const isOpen = (to: Action): boolean => {
      const { access, rows } = resolved.records(name, to);
      return access === 'records' && rows === undefined;
    };
    if (isOpen('read') && isOpen(action)) open.set(name, letterSight(resolved.records(name).masks, type));
  }
  if (open.size === 0) await gate.refuse(call, action, 'dead_letters');
  return open;
}

/** Letters of other types are not selected. */
export const sightOf = (open: ReadonlyMap<string, LetterSight>, { record_type }: Pick<DeadLetterRow, 'record_type'>): LetterSight =>
  open.get(record_type) as LetterSight;

/** Parameters of a selection, in the order in which the statements take them. */
export const selectionValues = ({ import: importId, recordType, sourceSystem, state, code }: DeadLetterSelection): unknown[] => [
  importId ?? null,
  recordType ?? null,
  sourceSystem === undefined ? null : keyText(sourceSystem),
  state === undefined ? ['open', 'repaired'] : [state],
  code ?? null,
];

/** $1 workspace, $2 types, then the selection. */
export const SELECTED = `workspace = $1 and record_type = any ($2::text[])
  and ($3::text is null or import = $3) and ($4::text is null or record_type = $4) and ($5::text is null or source_system = $5)
  and state = any ($6::text[]) and ($7::text is null or code = $7)`;
