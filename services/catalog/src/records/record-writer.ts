import type { Transaction } from '@sophia/types';
import type { RecordWriteAnswer } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import type { AuditEntry } from '../collaborators.ts';
import { earlierAnswer } from '../idempotency/earlier-answer.ts';
import type { KeyState, KeyUse } from '../idempotency/idempotency-keys.ts';
import { TypesChanged } from '../record-types/judged-types.ts';
import { type CommitLimits, createGroupCommit, type GroupedRequest } from '../writing/group-commit.ts';
import type { BatchItem } from '../writing/write-batch.ts';
import { type AnswerBody, answerJson, recordAnswer } from './write-answer.ts';

/** One record on its way to a shared transaction. */
export interface RecordWrite extends GroupedRequest {
  readonly item: BatchItem;
  readonly use: KeyUse | undefined;
  readonly audit: Omit<AuditEntry, 'milliseconds'>;
  /** On the monotonic clock. */
  readonly begun: number;
}

export interface RecordWriter {
  write(request: RecordWrite): Promise<RecordWriteAnswer>;
  readonly waiting: number;
  close(): Promise<void>;
}

export type RecordWriterOptions = Pick<
  CatalogContext,
  'database' | 'eventLog' | 'audit' | 'clock' | 'keys' | 'writeBatch' | 'committed' | 'catalogMetrics'
> & { readonly transactions: number };

type Result = { readonly body: AnswerBody<RecordWriteAnswer>; readonly token?: string } | { readonly error: unknown };

const QUEUE = 10_000;
const BATCH = 500;
const WORTHWHILE = 100;

/** Writes single records, grouped: each caller gets its own answer, and all of a moment share one durable commit. */
export function createRecordWriter(options: RecordWriterOptions): RecordWriter {
  const { database, eventLog, clock, transactions, committed, catalogMetrics } = options;
  const commitAll = async (requests: readonly RecordWrite[], limits: CommitLimits, executed: () => void): Promise<readonly Result[]> => {
    const byWorkspace = Map.groupBy(requests, ({ workspace }) => workspace);
    const write = async (transaction: Transaction): Promise<readonly Result[]> => {
      const results = await writeAll(transaction, requests, options);
      executed();
      return results;
    };
    const { value: results, token } = await database.write([...byWorkspace.keys()], write, limits);
    catalogMetrics.grouped(requests.length);
    const text = eventLog.encodeToken(token);
    for (const [workspace, own] of byWorkspace)
      committed(
        workspace,
        own.map(({ item }) => item.record),
        text,
      );
    return results.map((result) => ('error' in result ? result : { token: text, ...result }));
  };
  /** Whoever judged by types that have changed does so again; the others do not wait for it. */
  const commit = async (requests: readonly RecordWrite[], limits: CommitLimits, executed: () => void): Promise<readonly Result[]> => {
    try {
      return await commitAll(requests, limits, executed);
    } catch (error) {
      if (!(error instanceof TypesChanged)) throw error;
      const others = requests.filter(({ workspace }) => !error.workspaces.includes(workspace));
      if (others.length === 0) throw error;
      const results = await commit(others, limits, executed);
      const byRequest = new Map(others.map((request, index) => [request, results[index]]));
      return requests.map((request) => byRequest.get(request) ?? { error });
    }
  };
  const group = createGroupCommit<RecordWrite, Result>({ commit, clock, transactions, worthwhile: WORTHWHILE, queue: QUEUE, batch: BATCH });
  return {
    async write(request) {
      const result = await group.submit(request);
      if ('error' in result) throw result.error;
      return { token: result.token ?? '', ...result.body };
    },
    get waiting() {
      return group.waiting;
    },
    close: group.close,
  };
}

/** The results in the order of the requests; those whose key was used before are answered from it. */
async function writeAll(
  transaction: Transaction,
  requests: readonly RecordWrite[],
  { keys, writeBatch, audit, clock, eventLog }: RecordWriterOptions,
): Promise<readonly Result[]> {
  const uses = requests.flatMap(({ use }) => use ?? []);
  const states = uses.length === 0 ? [] : await keys.claim(transaction, uses);
  const results = new Map<RecordWrite, Result>();
  requests
    .filter(({ use }) => use !== undefined)
    .forEach((request, index) => {
      const result = earlierResult(request.use as KeyUse, states[index] as KeyState, eventLog);
      if (result !== undefined) results.set(request, result);
    });
  const fresh = requests.filter((request) => !results.has(request));
  if (fresh.length > 0) {
    const entries = fresh.map((request) => ({ ...request.audit, milliseconds: clock.monotonic() - request.begun }));
    const items = fresh.map(({ item }) => item);
    const [outcomes] = await Promise.all([writeBatch(transaction, items), audit.record(transaction, entries)]);
    outcomes.forEach((outcome, index) => {
      results.set(fresh[index] as RecordWrite, { body: recordAnswer(outcome) });
    });
  }
  const kept = fresh.flatMap((request) => {
    const result = results.get(request);
    return request.use === undefined || result === undefined || 'error' in result
      ? []
      : [{ use: request.use, answer: answerJson(result.body) }];
  });
  await keys.keep(transaction, kept);
  return requests.map((request) => results.get(request) as Result);
}

function earlierResult(use: KeyUse, state: KeyState, { encodeToken }: RecordWriterOptions['eventLog']): Result | undefined {
  try {
    const answer = earlierAnswer<RecordWriteAnswer>(use, state, encodeToken);
    if (answer === undefined) return undefined;
    const { token, ...body } = answer;
    return { token, body };
  } catch (error) {
    return { error };
  }
}
