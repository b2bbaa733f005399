import type { TypeAccess } from '@sophia/core';
import { boundedPage, type Committed, type Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import { type Call, ROLES, type Transaction, type WriteAnswer } from '@sophia/types';
import { actorOf, causeOf } from '../access/attribution.ts';
import { auditingRefusal } from '../access/audited-refusal.ts';
import { maskedFields } from '../access/masked-fields.ts';
import type { DeadLetterSelection, DeadLetters } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { TypesChanged } from '../record-types/judged-types.ts';
import { type AnswerBody, MAX_ERRORS, rowsAnswer } from '../records/write-answer.ts';
import type { RejectedRow } from '../rows/incoming-record.ts';
import { DEAD_LETTER_COLUMNS, type DeadLetterRow, STORED_COLUMNS, unreadErrors } from './dead-letter-row.ts';
import { openTypes, SELECTED, selectionValues, sightOf } from './letter-selection.ts';
import type { LetterSight } from './letter-sight.ts';
import { type AcceptedLetter, keepArrivals, overtakenLetters, type WrittenKeys } from './overtaken-letters.ts';
import { errorsJson } from './store-rejected.ts';

const PAGE = 1_000;
/** Of what is done again where somebody else touches a letter meanwhile. */
export const ATTEMPTS = 3;

export const changedByOthers = (cause?: unknown): SophiaError =>
  new SophiaError('unavailable', 'The dead letters are being changed by somebody else.', { retryAfter: 1, cause });

/**
 * Judges and writes rejected rows again, a thousand at a time, or as many as fill a page. It may take long: whether the principal
 * may is asked for each page.
 */
export function createReplay(context: CatalogContext): DeadLetters['replay'] {
  const { database, eventLog, audit, authentication, catalogMetrics } = context;
  return async (call, chosen) => {
    const { workspace } = call.principal;
    const written: WrittenKeys = new Map();
    let total = rowsAnswer({ created: 0, updated: 0, unchanged: 0, stale: 0 }, []);
    let last: Committed<unknown> | undefined;
    for (let after: string | undefined = '0'; after !== undefined; ) {
      await authentication.hold(call.principal);
      const access = await openTypes(context, call, 'write');
      const page: FoundLetter[] = await readPage<FoundLetter>(context, call, CHOOSE_PAGE, { types: [...access.keys()], chosen, after });
      for (const letters of groupsOf(page)) {
        const replayed = await replayGroup(context, call, letters, { written, ...sightOf(access, letters[0]) });
        total = add(total, replayed.value);
        last = replayed;
      }
      after = page.length < PAGE && page.length === page[0]?.found ? undefined : page.at(-1)?.id;
    }
    const nothing = { ...replayBy(call), rows: 0, milliseconds: 0 };
    last ??= await database.write([workspace], (transaction) => audit.record(transaction, [nothing]), { deadline: call.deadline });
    catalogMetrics.counted(total);
    return { token: eventLog.encodeToken(last.token), ...total };
  };
}

const replayBy = (call: Call) => ({ call, action: 'dead_letter.replay', object: 'dead_letters' });

/** Letters of one import and type are written together, so that their events name the import. */
const groupsOf = (letters: readonly DeadLetterRow[]): Iterable<Letters> =>
  // A group has at least one letter.
  Map.groupBy(letters, (letter) => `${letter.record_type} ${letter.import}`).values() as Iterable<Letters>;

type Letters = readonly [DeadLetterRow, ...DeadLetterRow[]];

type Total = AnswerBody<WriteAnswer>;

const add = (one: Total, other: Total): Total => ({
  created: one.created + other.created,
  updated: one.updated + other.updated,
  unchanged: one.unchanged + other.unchanged,
  stale: one.stale + other.stale,
  rejected: one.rejected + other.rejected,
  errors: [...one.errors, ...other.errors].slice(0, MAX_ERRORS),
});

/** How many were found, of which fewer are given where they are large. */
type FoundLetter = DeadLetterRow & { readonly found: number };

interface Choice {
  readonly types: readonly string[];
  readonly chosen: { readonly ids: readonly string[] } | DeadLetterSelection;
  /** The id of the last one before. */
  readonly after: string;
}

function readPage<Row extends DeadLetterRow>(
  { database }: CatalogContext,
  call: Call,
  statement: Statement,
  { types, chosen, after }: Choice,
): Promise<Row[]> {
  const ids = 'ids' in chosen ? chosen.ids.filter((id) => /^[1-9]\d{0,17}$/.test(id)) : null;
  const selection = selectionValues('ids' in chosen ? {} : chosen);
  const { workspace } = call.principal;
  const { deadline, signal } = call;
  return database.select<Row>([workspace], statement, [workspace, types, ...selection, ids, after, PAGE], { deadline, signal });
}

const readAgain = (context: CatalogContext, call: Call, recordType: string, letters: Letters): Promise<DeadLetterRow[]> =>
  readPage(context, call, CHOOSE_AGAIN, { types: [recordType], chosen: { ids: letters.map(({ id }) => id) }, after: '0' });

/** One transaction; done again where somebody else touched one of the letters, or its type, meanwhile. */
async function replayGroup(
  context: CatalogContext,
  call: Call,
  letters: Letters,
  { seenError, written }: LetterSight & { readonly written: WrittenKeys },
): Promise<Committed<Total>> {
  const { database, book, committed, policy, audit, clock } = context;
  const { workspace } = call.principal;
  const begun = clock.monotonic();
  const { record_type: recordType } = letters[0];
  const access = (await policy.resolve(call.principal)).records(recordType, 'write');
  const ofOldLetters = letters.some(({ payload }) => payload.unseen === undefined) ? await maskedForSomeone(context, call, recordType) : [];
  for (let attempt = 1; ; attempt++) {
    const current = attempt === 1 ? letters : await readAgain(context, call, recordType, letters);
    const judged = await judge(book, workspace, current, access, ofOldLetters);
    try {
      const write = async (transaction: Transaction) => {
        const done = await writeJudged(context, transaction, call, judged, { recordType, access, written });
        await audit.record(transaction, [{ ...replayBy(call), rows: current.length, milliseconds: clock.monotonic() - begun }]);
        return done;
      };
      const { value, token } = await auditingRefusal(context, replayBy(call), begun, () =>
        database.write([workspace], write, { deadline: call.deadline }),
      );
      const { total, renewed } = value;
      committed(
        workspace,
        renewed.map(({ record }) => record),
      );
      for (const { letter, record } of renewed) written.set(record.key, BigInt(letter.id));
      return { value: { ...total, errors: total.errors.map(seenError) }, token };
    } catch (error) {
      if (!(error instanceof TouchedMeanwhile || error instanceof TypesChanged)) throw error;
      if (attempt >= ATTEMPTS) throw changedByOthers(error);
    }
  }
}

/** Of whoever may write them: a letter of an older version does not say who wrote it. */
async function maskedForSomeone({ policy }: CatalogContext, { principal }: Call, recordType: string): Promise<readonly string[]> {
  const policies = await Promise.all(ROLES.map((role) => policy.resolve({ ...principal, role, userRecord: undefined })));
  const masks = policies.flatMap((resolved) => resolved.records(recordType, 'write')).filter(({ access }) => access === 'records');
  return masks.flatMap((access) => [...(maskedFields(access) ?? [])]);
}

class TouchedMeanwhile extends Error {}

type JudgedLetter = AcceptedLetter & {
  /** Fields that its writer did not see, and no repair has said. */
  readonly hidden: ReadonlySet<string>;
};

interface Judged {
  readonly accepted: readonly JudgedLetter[];
  readonly refused: readonly { readonly letter: DeadLetterRow; readonly rejected: RejectedRow }[];
}

async function judge(
  book: CatalogContext['book'],
  workspace: Call['principal']['workspace'],
  letters: readonly DeadLetterRow[],
  access: TypeAccess,
  ofOldLetters: readonly string[],
): Promise<Judged> {
  const own = maskedFields(access);
  const accepted: JudgedLetter[] = [];
  const refused: Judged['refused'][number][] = [];
  for (const letter of letters) {
    const prepare = await book.preparer(workspace, letter.record_type);
    const row = { ...letter.payload, line: Number(letter.line), errors: unreadErrors(letter) };
    const { unseen = ofOldLetters, said = [] } = letter.payload;
    const hidden = new Set(unseen.filter((name) => !said.includes(name)));
    const masked = own === undefined && hidden.size === 0 ? undefined : new Set([...hidden, ...(own ?? [])]);
    const { record, rejected } = prepare(row, { recordType: letter.record_type, sourceSystem: letter.source_system }, masked);
    if (record !== undefined) accepted.push({ letter, record, hidden });
    else refused.push({ letter, rejected });
  }
  return { accepted, refused };
}

async function writeJudged(
  { database, guard, unseenValues, typesGuard, writeChunk }: CatalogContext,
  transaction: Transaction,
  call: Call,
  judged: Judged,
  { recordType, access, written }: { readonly recordType: string; readonly access: TypeAccess; readonly written: WrittenKeys },
): Promise<{ readonly total: Total; readonly renewed: readonly AcceptedLetter[] }> {
  const { workspace } = call.principal;
  const { accepted, refused: malformed } = judged;
  await typesGuard.hold(
    transaction,
    malformed.map(({ rejected }) => rejected),
    workspace,
  );
  const importId = [...accepted, ...malformed][0]?.letter.import ?? null;
  const overtaken = await overtakenLetters(database, transaction, workspace, accepted, written);
  const toWrite = accepted.filter(({ letter }) => !overtaken.has(letter.id));
  const records = toWrite.map(({ record }) => record);
  const hidden = new Map(toWrite.map((each) => [each.record, each.hidden]));
  // Records are looked at also where nothing is masked for whoever replays.
  const looking = toWrite.some((each) => each.hidden.size > 0) ? { ...access, masks: [...access.masks, { fields: [] }] } : access;
  const keepUnseen = unseenValues(call, [[recordType, looking]], (record, column) => hidden.get(record)?.has(column) === true);
  const cause = { ...causeOf(call), ...(importId === null ? {} : { import: importId }) };
  const { counts, refused: unfit } = await guard(transaction, call, looking, records, () =>
    writeChunk(transaction, { workspace, records, actor: actorOf(call), cause, keepUnseen }),
  );
  const renewed = toWrite.filter(({ record }) => !unfit.has(record));
  const refused = [
    ...malformed,
    ...toWrite.flatMap(({ letter, record }) => {
      const rejected = unfit.get(record);
      return rejected === undefined ? [] : { letter, rejected };
    }),
  ];
  await keepArrivals(database, transaction, workspace, renewed);
  // After the records, like every writer: two transactions never wait for each other.
  const letters = [
    ...accepted
      .filter(({ record }) => !unfit.has(record))
      .map(({ letter }) => ({ letter, state: 'replayed', code: null, errors: letter.errors })),
    ...refused.map(({ letter, rejected }) => ({ letter, state: letter.state, code: rejected.errors[0].code, errors: rejected.errors })),
  ];
  const closed = await database.query(transaction, CLOSE, [
    workspace,
    letters.map(({ letter }) => letter.id),
    letters.map(({ letter }) => letter.updated_at),
    letters.map(({ state }) => state),
    letters.map(({ code }) => code),
    letters.map(({ errors }) => errorsJson(errors)),
  ]);
  if (closed.length !== letters.length) throw new TouchedMeanwhile();
  const { unchanged, stale } = counts;
  const total = rowsAnswer(
    { ...counts, unchanged: unchanged + overtaken.size, stale: stale + overtaken.size },
    refused.map(({ rejected }) => rejected),
  );
  return { total, renewed };
}

const CHOSEN = `from dead_letter
    where ${SELECTED} and ($8::bigint[] is null or id = any ($8::bigint[])) and id > $9::bigint order by id limit $10::int`;

const CHOOSE_PAGE: Statement = {
  name: 'catalog_choose_dead_letters',
  text: boundedPage({
    rows: `select ${STORED_COLUMNS} ${CHOSEN}`,
    columns: DEAD_LETTER_COLUMNS,
    values: ['errors'],
    texts: ['payload'],
    order: 'id',
  }),
};

const CHOOSE_AGAIN: Statement = { name: 'catalog_choose_dead_letters_again', text: `select ${DEAD_LETTER_COLUMNS} ${CHOSEN}` };

const CLOSE: Statement = {
  name: 'catalog_close_dead_letters',
  text: `with wanted as (
      select * from unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::jsonb[]) as u (id, updated_at, state, code, errors)
    ), held as (
      select d.id from dead_letter as d
      where d.workspace = $1 and d.id = any ($2::bigint[]) and d.state in ('open', 'repaired')
      order by d.id for update
    )
    update dead_letter as d
    set state = w.state, code = coalesce(w.code, d.code), errors = w.errors, attempts = d.attempts + 1, updated_at = now()
    from wanted as w
    where d.id = w.id and d.id in (select id from held) and d.updated_at = w.updated_at
    returning d.id`,
};
