import type { CacheStatistics } from '@sophia/cache';
import type { DrilledRecord, MetricDescription } from '@sophia/core';
import type {
  AnswerColumn,
  Call,
  Cell,
  Filter,
  Freshness,
  MetricQuery,
  Position,
  ReadPoint,
  SemanticProblem,
  WorkspaceId,
} from '@sophia/types';
import type { RebuildProgress } from './projection/rebuild.ts';

export interface AskOptions {
  /** The caller's last write: the answer contains it, or the call fails with `not_applied_yet`. */
  readonly after?: string | undefined;
  /** `bypass` computes the answer anew and stores it in no tier. */
  readonly cache?: 'use' | 'bypass' | undefined;
}

/** An answer, ready to send: cached bytes, and what belongs to this response alone. */
export interface Answer {
  /** JSON text `{"columns":[…],"rows":[…]}`. */
  readonly bytes: Buffer;
  readonly rowCount: number;
  /** Weak entity tag over bytes, query, model version and policy scope, with its quotes. */
  readonly etag: string;
  readonly readPoint: ReadPoint;
  /** JSON text of `freshness`, `today`, `cache` and `query_id`, without braces: it follows the columns and rows. */
  readonly envelope: string;
  readonly queryId: string;
  readonly tier: 'L1' | 'L3' | 'none';
  /** Surrogate key of shared caches: the tags that the answer depends on. */
  readonly tags: readonly string[];
  /** Said beside the answer, for example `as_of_before_first_change`. */
  readonly notes: readonly string[];
}

/** The same answer as data. */
export interface AnswerData {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly freshness: Freshness;
  /** What the answer took for today, `YYYY-MM-DD`, where it depends on it. */
  readonly today?: string | undefined;
  readonly cache: { readonly tier: Answer['tier']; readonly age_ms: number };
  readonly query_id: string;
  readonly notes?: readonly string[] | undefined;
}

export interface Explanation {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly models: readonly string[];
  /** What would drop a cached answer: record types and the fields read. */
  readonly reads: readonly { readonly record_type: string; readonly fields: readonly string[] }[];
  readonly tags: readonly string[];
  readonly rollup: string | null;
  readonly cache_key: string;
  readonly policy: readonly {
    readonly record_type: string;
    readonly row_filter: Filter | null;
    readonly masked_fields: readonly string[];
  }[];
}

export interface DrillDownRequest {
  readonly query: MetricQuery;
  /** Value of each of the query's dimensions in the cell; null for the null group. */
  readonly row: Readonly<Record<string, Cell>>;
  readonly metric: string;
  /** `numerator`, `denominator` or an input metric's name; the whole of a simple metric unless told. */
  readonly part?: string | undefined;
  /** The answer's position: the records are those of that moment, unless the query has an as_of of its own. */
  readonly position?: Position | undefined;
  /** The answer's `today`, where it has one; that of the query now, unless told. */
  readonly today?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

export interface DrillDownAnswer {
  readonly records: readonly DrilledRecord[];
  readonly next_cursor: string | null;
  readonly freshness: Freshness;
}

export interface ProjectionStatus {
  readonly readPoint: ReadPoint;
  /** Null where the warehouse is the only one over its log. */
  readonly instance: string | null;
  readonly generation: number;
  /** Events that stand aside for this warehouse. */
  readonly setAside: number;
  /** Seconds between the log's head and what is applied. */
  readonly lagSeconds: number;
  /** What is wrong with the model files of each workspace: the layer that was valid before is in force. */
  readonly problems: readonly { readonly workspace: WorkspaceId; readonly problems: readonly SemanticProblem[] }[];
  readonly caches: { readonly answers: CacheStatistics; readonly results: CacheStatistics };
}

/** The read side: metric answers with their freshness, for one principal at a time; what tells of records is audited. */
export interface Analytics {
  /** Those that the principal may ask for. */
  metrics(call: Call): Promise<readonly MetricDescription[]>;
  /** Errors: `unknown_metric`, `unknown_dimension`, `mixed_currencies`, `not_applied_yet`, `invalid_token` and the compiler's others. */
  ask(call: Call, query: MetricQuery, options?: AskOptions): Promise<Answer>;
  /**
   * The hot path: the body of a request as it came. Undefined where the answer is not in memory or
   * the body was not asked before; then parse it, call `ask`, and `remember` it. Also undefined, and
   * not audited, for an answer of more than `largest` bytes.
   */
  peek(call: Call, body: string, largest?: number): Answer | undefined;
  /** Remembers that `body` is this query, for `peek`. */
  remember(call: Call, body: string, query: MetricQuery): void;
  explain(call: Call, query: MetricQuery): Promise<Explanation>;
  drillDown(call: Call, request: DrillDownRequest, options?: AskOptions): Promise<DrillDownAnswer>;
  freshness(call: Call): Promise<Freshness>;
  /** Resolves when answers contain the write. Errors: `invalid_token`, `not_applied_yet` after so many milliseconds. */
  waitForWrite(token: string, milliseconds: number): Promise<void>;
  /** Whether answers contain the write by now. Errors: `invalid_token`, `cursor_of_another_log`. */
  containsWrite(token: string): Promise<boolean>;
  status(): Promise<ProjectionStatus>;
  /** What answers contain by now. */
  readPoint(): ReadPoint;
  /** Builds the warehouse anew beside the old one from the log, compares, switches. */
  rebuild(call: Call, progress?: (progress: RebuildProgress) => void): Promise<{ readonly events: number; readonly generation: number }>;
  /** Reads the workspace's model files again; those with problems leave the layer in force as it is. */
  reloadModels(workspace: WorkspaceId): Promise<readonly SemanticProblem[]>;
  /** Forgets what was compiled for the workspace: its calendar changed. */
  forget(workspace: WorkspaceId): void;
  close(): Promise<void>;
}

/** Parses an answer into data, with what its envelope says. */
export const answerData = (answer: Answer): AnswerData => JSON.parse(answerBody(answer));

/** The whole response body. */
export const answerBody = (answer: Answer): string => `${answer.bytes.toString('utf8', 0, answer.bytes.length - 1)},${answer.envelope}}`;
