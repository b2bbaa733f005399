import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { pageLimit } from '../input/page-limit.ts';
import { ago } from '../output/freshness-line.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';

export interface SetAsideEvent {
  readonly position: string;
  readonly kind: string;
  readonly record: { readonly source_system: string; readonly record_type: string; readonly source_id: string } | null;
  readonly error: string;
  /** False: it waits behind one that is. */
  readonly poison: boolean;
  readonly attempts: number;
  readonly set_aside_at: string;
  /** Where several keep a warehouse each over one database. */
  readonly instances?: readonly string[] | undefined;
}

export interface SetAsideOptions extends CommonOptions {
  readonly projection?: string | undefined;
}
export interface ListSetAsideOptions extends SetAsideOptions {
  readonly limit?: string | undefined;
}

const pathOf = ({ projection = 'warehouse' }: SetAsideOptions): string => `/projections/${encodeURIComponent(projection)}/set-aside`;

export const listSetAside = async ({ api, terminal }: ClientInvocation, options: ListSetAsideOptions): Promise<void> => {
  const limit = pageLimit(options.limit);
  const answer = await api.call<{ events: readonly SetAsideEvent[] }>('GET', pathOf(options), { query: { limit } });
  if (options.json === true) return terminal.out(`${JSON.stringify(answer)}\n`);
  if (answer.events.length === 0) return terminal.out('No event stands aside.\n');
  const styles = stylesOf(terminal);
  terminal.out(tableOf(answer.events, Date.now(), { width: terminal.columns, styles }));
  if (answer.events.length === limit) terminal.out(styles.faint('there may be more: --limit\n'));
};

/** An event of no record, such as a definition, is named by its kind. */
export const tableOf = (events: readonly SetAsideEvent[], now: number, layout: Parameters<typeof renderTable>[2]): string => {
  const hasInstances = events.some(({ instances }) => instances !== undefined);
  return renderTable(
    ['Position', 'Type', 'Source', 'Source id', 'Since', ...(hasInstances ? ['Instances'] : []), 'Reason'].map((title) => ({
      title,
      isWhole: title === 'Position' || title === 'Source id',
    })),
    events.map(({ position, kind, record, set_aside_at: since, poison, error, instances = [] }) => [
      position,
      ...(record === null ? [kind, '', ''] : [record.record_type, record.source_system, record.source_id]),
      ago(since, now),
      ...(hasInstances ? [instances.join(' ')] : []),
      poison ? error : 'waits behind an earlier one of its record',
    ]),
    layout,
  );
};

/** Hands all to the projection again; the exit says whether some stand aside still. */
export const replaySetAside = async ({ api, terminal }: ClientInvocation, options: SetAsideOptions): Promise<Exit> => {
  const answer = await api.call<{ succeeded: number; failed: number }>('POST', `${pathOf(options)}/replay`);
  const { succeeded, failed } = answer;
  terminal.out(options.json === true ? `${JSON.stringify(answer)}\n` : `${succeeded} applied, ${failed} stand aside again\n`);
  return failed > 0 ? 'failed' : 'ok';
};

/** One after the other: where one fails, those before it are given up already, which is told. */
export const discardSetAside = async (
  { api, terminal }: ClientInvocation,
  positions: readonly string[],
  options: SetAsideOptions,
): Promise<void> => {
  const done: string[] = [];
  for (const position of positions) {
    try {
      await api.call('DELETE', `${pathOf(options)}/${encodeURIComponent(position)}`);
    } catch (error) {
      if (done.length > 0) terminal.err(`sophia: discarded before ${position} failed: ${done.join(', ')}\n`);
      throw error;
    }
    done.push(position);
  }
  const discarded = done.length;
  terminal.out(options.json === true ? `${JSON.stringify({ discarded })}\n` : `${discarded} discarded\n`);
};
