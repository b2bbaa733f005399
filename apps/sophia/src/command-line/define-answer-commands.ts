import { type Command, Option } from 'commander';
import type { DrillDownOptions } from '../commands/drill-down.ts';
import type { AskOptions } from '../commands/query.ts';
import type { QueryOptions } from '../input/metric-query.ts';
import { withExamples } from './examples.ts';
import type { CommonOptions } from './invocation.ts';
import type { Runs } from './runs-in.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const withQueryOptions = (command: Command): Command =>
  withConditions(
    command
      .argument('<metrics...>', 'names of metrics (sophia metrics list)')
      .addOption(
        new Option('--by <dimension>', 'dimension, with a grain for times: deal.close_date:month; may be repeated').argParser(collect),
      ),
  )
    .addOption(new Option('--having <condition>', 'the same over metrics: "revenue>=100000"; may be repeated').argParser(collect))
    .addOption(new Option('--compare <period>', 'compare with').choices(['previous_period', 'previous_year']))
    .addOption(
      new Option('--order <name>', 'metric or dimension, - before it: descending (--order=-revenue); may be repeated').argParser(collect),
    )
    .option('--limit <rows>', 'at most so many rows, up to 100,000')
    .option('--no-fill', 'leave periods without data out');

/** Which records an answer is made of. */
const withConditions = (command: Command): Command =>
  command
    .addOption(
      new Option('--where <condition>', '"product.name=GTX Pro"; also != > >= < <= ~ ^= in (..), is null; may be repeated').argParser(
        collect,
      ),
    )
    .option('--from <day>', 'first day or instant: 2017, 2017-Q1, 2017-03, 2017-03-01, this_month-5months')
    .option('--to <day>', 'end, itself not included')
    .option('--as-of <moment>', 'as Sophia knew it then: an instant, a day, or 2h')
    .option('--time-zone <zone>', 'IANA name; the workspace’s unless told')
    .addOption(new Option('--week-start <day>', 'first day of weeks').choices(['monday', 'sunday']));

export const defineAnswerCommands = (program: Command, { client }: Runs): void => {
  withExamples(
    withQueryOptions(program.command('query').description('ask for metrics'))
      .option('--csv', 'print CSV; how fresh it is goes to standard error')
      .option('--chart', 'draw a plot')
      .option('--after <token>', 'token of a write that the answer contains')
      .option('--no-cache', 'compute the answer anew')
      .action(
        client(async (invocation, metrics: string[], options: AskOptions) =>
          (await import('../commands/query.ts')).query(invocation, metrics, options),
        ),
      ),
    'sophia query revenue win_rate --by user.office',
    'sophia query revenue --by deal.close_date:month --from 2017-01 --to 2018-01 --chart',
    'sophia query revenue --by product.name --where "user.office=West" --order=-revenue --limit 3',
    'sophia query pipeline_value --as-of "2 days ago" --json',
  );
  withExamples(
    withQueryOptions(
      program.command('explain').description('show the statement, rollup and policy behind a query, without running it'),
    ).action(
      client(async (invocation, metrics: string[], options: QueryOptions & CommonOptions) =>
        (await import('../commands/explain.ts')).explain(invocation, metrics, options),
      ),
    ),
    'sophia explain revenue --by user.office',
  );
  withExamples(
    withConditions(
      program
        .command('drill-down')
        .description('the records behind one cell of an answer, with what each adds to it')
        .argument('<metric>', 'name of the metric')
        .addOption(new Option('--row <dimension=value>', 'the cell’s row; once for each dimension').argParser(collect)),
    )
      .option('--part <name>', 'numerator, denominator, or a metric that this one is made of')
      .option('--limit <rows>', 'at most so many rows, up to 1,000; 20 unless told')
      .option('--cursor <cursor>', 'where the page before ended')
      .action(
        client(async (invocation, metric: string, options: DrillDownOptions) =>
          (await import('../commands/drill-down.ts')).drillDown(invocation, metric, options),
        ),
      ),
    'sophia drill-down revenue --row user.office=Central --from 2017 --to 2018',
    'sophia drill-down win_rate --row user.office=West --part numerator --json',
  );
  const metrics = program.command('metrics').description('metrics that can be asked for');
  withExamples(
    metrics
      .command('list')
      .description('list metrics; with --dimensions what each can be asked by')
      .option('--dimensions', 'also list dimensions')
      .action(
        client(async (invocation, options: CommonOptions & { dimensions?: boolean }) =>
          (await import('../commands/metrics.ts')).listMetrics(invocation, options),
        ),
      ),
    'sophia metrics list',
    'sophia metrics list --dimensions',
  );
};
