import type { Connection, FieldDef, Submittable } from 'pg';
import type { Statement } from '../database.ts';
import { type EncodedParameter, MessageWriter } from './message-writer.ts';
import { encodeParameter } from './parameter-text.ts';
import type { PassingStatements } from './passing-statements.ts';
import { failureKind } from './postgres-errors.ts';
import { parserFor, type ValueParser } from './value-parsers.ts';

/** One statement of a batch with the values for its parameters. */
export interface BatchStep {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

export interface StepResult {
  readonly rows: Record<string, unknown>[];
  /** PostgreSQL's own word for what it did: `INSERT 0 1`, `COMMIT`, `ROLLBACK`. */
  readonly command: string;
}

/** What a batch came to: the results of the steps that were done, and the error that ended it. */
export interface BatchOutcome {
  readonly results: readonly StepResult[];
  readonly error?: unknown;
}

/** What one connection has prepared. */
export interface PreparedStatements {
  readonly known: Map<string, PreparedStatement>;
  /** Sent to be parsed, but an error came before an answer: may or may not be there. */
  readonly doubtful: Set<string>;
  readonly passing: PassingStatements;
}

interface PreparedStatement {
  readonly text: string;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly parse: ValueParser;
}

/**
 * Sends several prepared statements in one write with one Sync behind them, so that they cost one
 * round trip and, outside of an explicit transaction, are one transaction. Each statement is parsed
 * once per connection and its columns described once: PostgreSQL refuses a plan whose columns
 * changed. The steps behind a failing one are not run.
 */
export class PipelinedBatch implements Submittable {
  readonly #steps: readonly BatchStep[];
  readonly #values: readonly EncodedParameter[][];
  readonly #prepared: PreparedStatements;
  readonly #settle: (outcome: BatchOutcome) => void;
  readonly #results: StepResult[] = [];
  #columns: readonly Column[] = [];
  #rows: Record<string, unknown>[] = [];
  /** Statements that it closes at its end; a failing step keeps the server from it. */
  #closed: readonly string[] = [];

  /** Throws a TypeError for a value that cannot be bound. */
  constructor(steps: readonly BatchStep[], prepared: PreparedStatements, settle: (outcome: BatchOutcome) => void) {
    refuseUnsendable(steps, prepared);
    this.#steps = steps;
    this.#values = steps.map(({ values }) => values.map(encodeParameter));
    this.#prepared = prepared;
    this.#settle = settle;
  }

  /** Called by the client when it is this batch's turn. */
  submit(connection: Connection): void {
    const parsing = new Set<string>();
    this.#steps.forEach(({ statement }, index) => {
      this.#write(statement, this.#values[index] ?? [], parsing);
    });
    if (this.#steps.some(({ statement }) => statement.passing === true && parsing.has(statement.name))) this.#closeSurplus();
    WRITER.sync();
    connection.stream.write(WRITER.take());
    this.#expectStep();
  }

  #write(statement: Statement, values: readonly EncodedParameter[], parsing: Set<string>): void {
    const { name, text } = statement;
    const { known, doubtful, passing } = this.#prepared;
    if (statement.passing === true) passing.use(statement);
    const isNew = !known.has(name) && !parsing.has(name);
    if (isNew) {
      if (doubtful.has(name)) WRITER.closeStatement(name);
      doubtful.add(name);
      parsing.add(name);
      WRITER.parse(name, text);
    }
    WRITER.bind(name, values);
    if (isNew) WRITER.describePortal();
    WRITER.execute();
  }

  #closeSurplus(): void {
    this.#closed = this.#prepared.passing.surplus(new Set(this.#steps.map(({ statement }) => statement.name)));
    for (const name of this.#closed) WRITER.closeStatement(name);
  }

  #expectStep(): void {
    const step = this.#steps[this.#results.length];
    this.#columns = (step && this.#prepared.known.get(step.statement.name)?.columns) ?? [];
    this.#rows = [];
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parserFor(dataTypeID) }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {};
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as Column;
      const text = fields[index] ?? null;
      row[column.name] = text === null ? null : column.parse(text);
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#complete(text);
  }

  handleEmptyQuery(): void {
    this.#complete('');
  }

  #complete(command: string): void {
    const step = this.#steps[this.#results.length];
    if (step !== undefined && !this.#prepared.known.has(step.statement.name)) {
      this.#prepared.known.set(step.statement.name, { text: step.statement.text, columns: this.#columns });
      this.#prepared.doubtful.delete(step.statement.name);
    }
    this.#results.push({ rows: this.#rows, command });
    this.#expectStep();
  }

  handleReadyForQuery(): void {
    const { known, doubtful, passing } = this.#prepared;
    for (const name of this.#closed) {
      known.delete(name);
      doubtful.delete(name);
      passing.forget(name);
    }
    this.#settle({ results: this.#results });
  }

  /** An error of the statement in hand, or of the connection; after the former the server skips the rest. */
  handleError(error: unknown): void {
    if (failureKind(error) === 'stale_statement') this.#forget();
    this.#settle({ results: this.#results, error });
  }

  #forget(): void {
    const name = this.#steps[this.#results.length]?.statement.name ?? '';
    this.#prepared.known.delete(name);
    this.#prepared.doubtful.add(name);
  }

  // Statements that stop half-way are none of a batch: rows are never fetched in portions, COPY has its own way.
  handlePortalSuspended(): void {}
  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('COPY is not a statement of a batch');
    // The first Sync was passed over while the server waited for data.
    connection.sync();
  }
  handleCopyData(): void {}
}

/** What PostgreSQL would cut or mix up rather than refuse. */
function refuseUnsendable(steps: readonly BatchStep[], { known }: PreparedStatements): void {
  const texts = new Map<string, string>();
  for (const { statement, values } of steps) {
    const { name, text } = statement;
    if (name.length === 0 || Buffer.byteLength(name) > LONGEST_NAME) {
      throw new TypeError(`A statement's name has 1 to ${LONGEST_NAME} bytes, found "${name}".`);
    }
    if (values.length > MOST_PARAMETERS) {
      throw new TypeError(`The statement ${name} has ${values.length} parameters, at most ${MOST_PARAMETERS} are possible.`);
    }
    const prepared = known.get(name)?.text ?? texts.get(name) ?? text;
    if (prepared !== text) throw new TypeError(`Two statements are called ${name}: a name stands for one text.`);
    texts.set(name, text);
  }
}

/** Each batch is written whole before another begins. */
const WRITER = new MessageWriter();
const LONGEST_NAME = 63;
const MOST_PARAMETERS = 65_535;
