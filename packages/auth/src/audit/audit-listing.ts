import type { Database } from '@sophia/database';
import { type Clock, isInt64, SophiaError } from '@sophia/shared';
import { type Call, limitsOf, type Transaction } from '@sophia/types';
import { checkLimit } from '../check-limit.ts';
import { parseInstant } from '../parse-instant.ts';
import { readTimeCursor, type TimePlace, timeCursor, unknownCursor } from '../time-cursor.ts';
import type { AuditEntry, AuditFilter, AuditPage, AuditRecord } from './audit.ts';
import { COUNT_TICKS, FOLLOW_ENTRIES, INSERT_TICK, LIST_ENTRIES, LOCK_TICKS } from './audit-statements.ts';

interface Row extends Omit<AuditRecord, 'rows'> {
  readonly rows: string;
  /** Of `follow` alone. */
  readonly transaction?: string;
}

/** Without an entry where none was found. */
interface ListedRow extends Row {
  readonly looked_at: string | null;
  readonly looked_id: string | null;
}

interface Paging {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Reads the audit; each reading comes with the entry that it is itself. */
export interface AuditListing {
  list(call: Call, options: AuditFilter & Paging): Promise<Listed>;
  follow(call: Call, options: Paging): Promise<Listed>;
}

interface Listed {
  readonly page: AuditPage;
  readonly entry: AuditEntry;
}

export interface AuditListingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly requireAdministrator: (call: Call, action: string, object: string) => Promise<void>;
}

export function createAuditListing({ database, clock, requireAdministrator }: AuditListingOptions): AuditListing {
  const listed = (call: Call, action: string, begun: number, page: AuditPage): Listed => ({
    page,
    entry: { call, action, object: 'audit', rows: page.entries.length, milliseconds: clock.monotonic() - begun },
  });
  return {
    async list(call, { principal, action, object, result, from, to, limit, cursor }) {
      const begun = clock.monotonic();
      await requireAdministrator(call, 'audit.list', 'audit');
      const most = checkLimit(limit);
      const { at, id: position } = cursor === undefined ? NEWEST : readTimeCursor(cursor, isInt64, 'the audit');
      const filter = [principal, action, object, result, checkInstant('from', from) ?? '-infinity', checkInstant('to', to) ?? 'infinity'];
      const { workspace } = call.principal;
      const values = [...filter, at, position, most, workspace];
      const found = await database.select<ListedRow>([workspace], LIST_ENTRIES, values, limitsOf(call));
      const rows = found.filter(({ id }) => id !== null);
      return listed(call, 'audit.list', begun, {
        entries: rows.map(toEntry),
        cursor: listCursor(rows.length === most ? rows.at(-1) : undefined, found[0]),
      });
    },

    async follow(call, { limit, cursor }) {
      const begun = clock.monotonic();
      await requireAdministrator(call, 'audit.follow', 'audit');
      const most = checkLimit(limit);
      const [from = '0', to, transaction = null, position = '0'] = cursor === undefined ? [] : readFollowCursor(cursor);
      // Within a range of ticks the pages go on; a new range ends at a tick made now.
      const until = to ?? (await makeTick(database, call));
      const rows = await readRange(database, call, [from, until, transaction, position, most]);
      const last = rows.length === most ? rows.at(-1) : undefined;
      const next = last === undefined ? until : `${from}.${until}.${last.transaction}.${last.id}`;
      return listed(call, 'audit.follow', begun, { entries: rows.map(toRecord), cursor: encode(next) });
    },
  };
}

async function makeTick(database: Database, call: Call): Promise<string> {
  const make = async (transaction: Transaction) => {
    await database.query(transaction, LOCK_TICKS);
    return database.query<{ tick: string }>(transaction, INSERT_TICK);
  };
  const { value } = await database.write([call.principal.workspace], make, limitsOf(call));
  // An insert without a condition returns its row.
  return (value[0] as { tick: string }).tick;
}

async function readRange(database: Database, call: Call, range: readonly [string, string, string | null, string, number]): Promise<Row[]> {
  const [from, until] = range;
  const read = async (transaction: Transaction) => {
    const [ticks] = await database.query<{ kept: number }>(transaction, COUNT_TICKS, [from, until]);
    if (ticks?.kept !== (from === '0' ? 1 : 2))
      throw new SophiaError('invalid_cursor', 'The cursor is older than the audit keeps; begin without one.');
    return database.query<Row>(transaction, FOLLOW_ENTRIES, [...range]);
  };
  return database.read([call.principal.workspace], read, limitsOf(call));
}

const NEWEST: TimePlace = { at: 'infinity', id: '0' };
const FOLLOW_CURSOR = /^(\d{1,18})(?:\.(\d{1,18})\.(\d{1,19})\.(\d{1,18}))?$/;

/** Behind the last entry of a full page, or behind those that were looked at. */
const listCursor = (last: ListedRow | undefined, first: ListedRow | undefined): string | null => {
  if (last !== undefined) return timeCursor(last);
  return first?.looked_at == null ? null : timeCursor({ at: first.looked_at, id: `${first.looked_id}` });
};

/** Opaque to callers: ticks and transactions mean nothing outside. */
const encode = (cursor: string): string => Buffer.from(cursor).toString('base64url');

function readFollowCursor(cursor: string): (string | undefined)[] {
  const parts = FOLLOW_CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (parts === null) throw unknownCursor('the audit');
  return parts.slice(1);
}

function checkInstant(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new SophiaError('invalid_request', `${name} is "${text}"; allowed is an instant such as 2026-11-20T09:00:00Z.`);
}

const toEntry = ({ looked_at: _, looked_id: __, ...row }: ListedRow): AuditRecord => toRecord(row);

const toRecord = ({ rows, transaction: _, ...row }: Row): AuditRecord => ({ ...row, rows: Number(rows) });
