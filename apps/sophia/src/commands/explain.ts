import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { type QueryOptions, queryOf } from '../input/metric-query.ts';
import { stylesOf } from '../output/styles.ts';

interface Explanation {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly models: readonly string[];
  readonly reads: readonly { readonly record_type: string; readonly fields: readonly string[] }[];
  readonly rollup: string | null;
  readonly policy: readonly { readonly record_type: string; readonly row_filter: unknown; readonly masked_fields: readonly string[] }[];
}

export const explain = async (
  { api, terminal }: ClientInvocation,
  metrics: readonly string[],
  options: QueryOptions & CommonOptions,
): Promise<void> => {
  const explanation = await api.call<Explanation>('POST', '/metrics/explain', { body: queryOf(metrics, options, Date.now()) });
  if (options.json === true) return terminal.out(`${JSON.stringify(explanation)}\n`);
  const { sql, parameters, models, reads, rollup, policy } = explanation;
  const styles = stylesOf(terminal);
  const masks = policy.filter(({ row_filter: filter, masked_fields: fields }) => (filter !== true && filter !== null) || fields.length > 0);
  const parts: readonly (readonly [string, string])[] = [
    ['Statement', sql],
    ['Parameters', parameters.map((value) => JSON.stringify(value)).join(', ') || 'none'],
    ['Models', models.join(', ')],
    ['Reads', reads.map(({ record_type: type, fields }) => `${type} (${fields.join(', ')})`).join('\n')],
    ['Rollup', rollup ?? 'none'],
    ['Policy', masks.length === 0 ? 'every row and field' : masks.map((each) => JSON.stringify(each)).join('\n')],
  ];
  terminal.out(parts.map(([title, text]) => `${styles.strong(title)}\n${text.replace(/^/gm, '  ')}\n`).join('\n'));
};
