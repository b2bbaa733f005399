import type { ProjectionStatus } from '@sophia/analytics';
import type { HealthReport } from '@sophia/platform';
import type { Freshness, SemanticProblem } from '@sophia/types';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { ago, duration, freshnessLine } from '../output/freshness-line.ts';
import { type Styles, stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';

type CacheStatistics = ProjectionStatus['caches']['answers'];

interface InstanceStatus {
  readonly instance: string;
  readonly running: boolean;
  readonly lag_seconds: number;
  readonly set_aside: number;
}

export interface Status extends HealthReport {
  readonly process: { readonly id: number; readonly uptime_seconds: number; readonly memory_bytes: number };
  readonly warehouse: {
    readonly instance?: string | undefined;
    readonly generation: number;
    readonly set_aside: number;
    readonly lag_seconds: number;
    /** Those over the same database, where there may be several. */
    readonly instances?: readonly InstanceStatus[] | undefined;
    readonly problems: readonly SemanticProblem[];
  };
  readonly caches: ProjectionStatus['caches'];
  readonly freshness: Freshness;
  readonly slow_queries: {
    readonly threshold_milliseconds: number;
    readonly queries: readonly {
      readonly system: string;
      readonly text: string;
      readonly count: number;
      readonly total_milliseconds: number;
      readonly maximum_milliseconds: number;
      readonly last: string;
    }[];
  };
}

/** Health, lag and caches, or the slow queries of late; fails where a dependency is down. */
export const status = async (
  { api, terminal }: ClientInvocation,
  { json, slow }: CommonOptions & { readonly slow?: boolean | undefined },
): Promise<Exit> => {
  const found = await api.call<Status>('GET', '/status');
  const styles = stylesOf(terminal);
  if (json === true) terminal.out(`${JSON.stringify(slow === true ? found.slow_queries : found)}\n`);
  else if (slow === true) terminal.out(slowQueries(found, terminal.columns, styles));
  else terminal.out(overview(found, styles));
  return exitOf(found);
};

export const exitOf = ({ status: state }: Pick<Status, 'status'>): Exit => (state === 'ready' ? 'ok' : 'failed');

/** For people, in a few lines. */
export const overview = (
  { status: state, version, dependencies, process, warehouse, caches, freshness }: Status,
  styles: Styles,
): string => {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const share = ({ hits, misses }: CacheStatistics): string =>
    hits + misses === 0 ? 'not asked yet' : `${((100 * hits) / (hits + misses)).toFixed(1)} % hits`;
  const { instance: own, instances = [], generation, lag_seconds: lag, set_aside: aside, problems } = warehouse;
  const asideText = (events: number): string => (events === 0 ? '' : styles.bad(`, ${events} events stand aside`));
  const aheadText = (seconds: number | undefined): string =>
    seconds === undefined ? '' : styles.warning(`, ahead of its machine's clock by ${duration(seconds)}`);
  return [
    `${state === 'ready' ? styles.good(state) : styles.bad(state)}  Sophia ${version}, process ${process.id}, up ${duration(process.uptime_seconds)}, ${megabytes(process.memory_bytes)}`,
    ...dependencies.map(({ name, state: its, milliseconds, code, ahead_seconds: ahead }) =>
      its === 'up' ? `  ${name}: up, ${milliseconds} ms${aheadText(ahead)}` : `  ${name}: ${styles.bad('down')}, ${code}`,
    ),
    `  answers: ${lag.toFixed(1)} s behind the log, generation ${generation}${asideText(aside)}`,
    ...instances
      .filter(({ instance }) => instance !== own)
      .map((other) =>
        other.running
          ? `  instance ${other.instance}: ${other.lag_seconds.toFixed(1)} s behind the log${asideText(other.set_aside)}`
          : `  instance ${other.instance}: not running, since ${duration(other.lag_seconds)}`,
      ),
    ...Object.entries(caches).map(
      ([name, cache]) => `  cache of ${name}: ${cache.entries} entries, ${megabytes(cache.bytes)}, ${share(cache)}`,
    ),
    ...problems.map(
      ({ path, line, column, message }) => `  ${styles.bad('semantic models:')} ${plainText(`${path}:${line}:${column}: ${message}`)}`,
    ),
    `  ${freshnessLine(freshness, { styles, now: Date.now() })}`,
  ].join('\n');
};

export const slowQueries = ({ slow_queries: slow }: Status, width: number | undefined, styles: Styles): string => {
  if (slow.queries.length === 0) return `No query took longer than ${slow.threshold_milliseconds} ms of late.\n`;
  const now = Date.now();
  const right = ['Longest ms', 'Mean ms', 'Times'].map((title) => ({ title, align: 'right' as const }));
  return renderTable(
    [...right, { title: 'Where' }, { title: 'Last' }, { title: 'Statement' }],
    slow.queries.map(({ system, text, count, total_milliseconds: total, maximum_milliseconds: maximum, last }) => [
      maximum.toFixed(0),
      (total / count).toFixed(0),
      String(count),
      system,
      ago(last, now),
      text,
    ]),
    { width, styles },
  );
};
