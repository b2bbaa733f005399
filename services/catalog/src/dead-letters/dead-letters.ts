import { boundedPage, type Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import { type Action, type Call, limitsOf, type Transaction } from '@sophia/types';
import { auditingRefusal } from '../access/audited-refusal.ts';
import type { DeadLetters } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { boundedPageOf, decodeCursor, pageLimit, unknownCursor } from '../reading/cursor.ts';
import { routableId } from '../rows/routable-id.ts';
import { DEAD_LETTER_COLUMNS, type DeadLetterRow, repairedRow, STORED_COLUMNS, seenLetter } from './dead-letter-row.ts';
import { openTypes, SELECTED, selectionValues, sightOf } from './letter-selection.ts';
import { holdUnseen } from './repair-guard.ts';
import { ATTEMPTS, changedByOthers, createReplay } from './replay.ts';

/** Rejected rows: seen, repaired, replayed or given up. */
export function createDeadLetters(context: CatalogContext): DeadLetters {
  const { database, audit, clock } = context;
  const audited = (call: Call, action: string, object: string, begun: number) => ({
    call,
    action,
    object,
    milliseconds: clock.monotonic() - begun,
  });
  /** `missed` audits that no letter of the id is there, or none that the principal may see. */
  const find = async (call: Call, id: string, action: Action, missed: () => Promise<void> | undefined) => {
    const access = await openTypes(context, call, action);
    const { workspace } = call.principal;
    const isId = isLetterId(id);
    const values = [workspace, id, [...access.keys()]];
    const [row] = isId ? await database.select<DeadLetterRow>([workspace], READ_LETTER, values, limitsOf(call)) : [];
    if (row !== undefined) return { row, sight: sightOf(access, row) };
    if (isId) await missed();
    throw new SophiaError('not_found', `There is no dead letter ${id}.`);
  };
  const missing = (call: Call, action: string, id: string, begun: number) => ({
    ...audited(call, action, `dead_letter:${id}`, begun),
    result: 'not_found',
    rows: 0,
  });
  return {
    async list(call, options = {}) {
      const begun = clock.monotonic();
      const limit = pageLimit(options.limit);
      const [after] = options.cursor === undefined ? ['0'] : decodeCursor('dead_letters', options.cursor, 1);
      const access = await openTypes(context, call, 'read');
      const values = [call.principal.workspace, [...access.keys()], ...selectionValues(options), checkId(after), limit + 1];
      const rows = await database.select<ListedLetter>([call.principal.workspace], LIST_LETTERS, values, limitsOf(call));
      const letters = rows.map(({ found: _, ...row }) => row);
      const page = boundedPageOf('dead_letters', letters, { found: rows[0]?.found ?? 0, limit, place: ({ id }) => [id] });
      await audit.read({ ...audited(call, 'list', 'dead_letters', begun), rows: page.items.length });
      return { ...page, items: page.items.map((row) => seenLetter(row, sightOf(access, row))) };
    },

    async get(call, id) {
      const begun = clock.monotonic();
      const { row, sight } = await find(call, id, 'read', () => audit.read(missing(call, 'read', id, begun)));
      await audit.read({ ...audited(call, 'read', `dead_letter:${id}`, begun), rows: 1 });
      return seenLetter(row, sight);
    },

    async repair(call, id, edited, { confirmed } = {}) {
      const begun = clock.monotonic();
      const { workspace } = call.principal;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const { row, sight } = await find(call, id, 'write', () => audit.write(missing(call, 'dead_letter.repair', id, begun)));
        const repaired = repairedRow(row.payload, edited, sight, confirmed);
        const entry = { call, action: 'dead_letter.repair', object: `dead_letter:${id}` };
        await auditingRefusal(context, entry, begun, () => holdUnseen(context, call, { letter: row, edited, repaired, sight }));
        const values = [workspace, id, JSON.stringify(repaired), routableId(edited.source_id), row.updated_at];
        const keep = async (transaction: Transaction): Promise<DeadLetterRow | undefined> => {
          const [stored] = await database.query<DeadLetterRow>(transaction, REPAIR_LETTER, values);
          if (stored !== undefined) await audit.record(transaction, [{ ...entry, milliseconds: clock.monotonic() - begun }]);
          return stored;
        };
        const { value } = await database.write([workspace], keep, limitsOf(call));
        if (value !== undefined) return seenLetter(value, sight);
        if (row.state !== 'open' && row.state !== 'repaired')
          throw new SophiaError('dead_letter_closed', `The dead letter ${id} is ${row.state}.`, { details: { state: row.state } });
      }
      throw changedByOthers();
    },

    replay: createReplay(context),

    async discard(call, ids) {
      const begun = clock.monotonic();
      const access = await openTypes(context, call, 'write');
      const { workspace } = call.principal;
      const discard = async (transaction: Transaction): Promise<number> => {
        const rows = await database.query(transaction, DISCARD_LETTERS, [workspace, ids.filter(isLetterId), [...access.keys()]]);
        await audit.record(transaction, [{ ...audited(call, 'dead_letter.discard', 'dead_letters', begun), rows: rows.length }]);
        return rows.length;
      };
      return (await database.write([workspace], discard, limitsOf(call))).value;
    },
  };
}

const isLetterId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);

const checkId = (text: string | undefined): string => {
  if (text !== undefined && /^\d{1,18}$/.test(text)) return text;
  throw unknownCursor();
};

type ListedLetter = DeadLetterRow & { readonly found: number };

const LIST_LETTERS: Statement = {
  name: 'catalog_list_dead_letters',
  text: boundedPage({
    rows: `select ${STORED_COLUMNS} from dead_letter where ${SELECTED} and id > $8::bigint order by id limit $9::int`,
    columns: DEAD_LETTER_COLUMNS,
    values: ['errors'],
    texts: ['payload'],
    order: 'id',
  }),
};

const READ_LETTER: Statement = {
  name: 'catalog_read_dead_letter',
  text: `select ${DEAD_LETTER_COLUMNS} from dead_letter where workspace = $1 and id = $2::bigint and record_type = any ($3::text[])`,
};

/**
 * The letter is of the record that its row names now; of the one before where it names none, so that an erasure finds it. Nothing
 * where it is closed, or changed since it was read: the row keeps what its editor does not see as it was then.
 */
const REPAIR_LETTER: Statement = {
  name: 'catalog_repair_dead_letter',
  text: `update dead_letter set payload = $3, source_id = coalesce($4, source_id), state = 'repaired', updated_at = now()
    where workspace = $1 and id = $2::bigint and state in ('open', 'repaired') and updated_at = $5::timestamptz
    returning ${DEAD_LETTER_COLUMNS}`,
};

const DISCARD_LETTERS: Statement = {
  name: 'catalog_discard_dead_letters',
  text: `update dead_letter set state = 'discarded', updated_at = now()
    where workspace = $1 and id in (
      select id from dead_letter
      where workspace = $1 and id = any ($2::bigint[]) and record_type = any ($3::text[]) and state in ('open', 'repaired')
      order by id for update
    ) returning id`,
};
