import type { ImportReport } from '@sophia/catalog';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { parseCount } from '../input/metric-query.ts';
import { ago } from '../output/freshness-line.ts';
import { renderReport } from '../output/import-report.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';

export const listImports = async (
  { api, terminal }: ClientInvocation,
  { state, limit, json }: CommonOptions & { readonly state?: string | undefined; readonly limit?: string | undefined },
): Promise<void> => {
  const count = limit === undefined ? 20 : parseCount(limit, '--limit');
  const { imports } = await api.call<{ imports: readonly ImportReport[] }>('GET', '/imports', { query: { state, limit: count } });
  if (json === true) return terminal.out(`${JSON.stringify(imports)}\n`);
  const now = Date.now();
  const numbers = ['Read', 'Created', 'Updated', 'Unchanged', 'Rejected'].map((title) => ({ title, align: 'right' as const }));
  terminal.out(
    renderTable(
      [{ title: 'Id', isWhole: true }, { title: 'Name' }, { title: 'State' }, ...numbers, { title: 'Started' }],
      imports.map(({ id, name, state: current, read, created, updated, unchanged, rejected, started_at: started }) => [
        id,
        name,
        current,
        ...[read, created, updated, unchanged, rejected].map((each) => each.toLocaleString('en-US')),
        ago(started, now),
      ]),
      { width: terminal.columns, styles: stylesOf(terminal) },
    ),
  );
};

export const getImport = async ({ api, terminal }: ClientInvocation, id: string, { json }: CommonOptions): Promise<void> => {
  const report = await api.call<ImportReport>('GET', `/imports/${encodeURIComponent(id)}`);
  if (json === true) return terminal.out(`${JSON.stringify(report)}\n`);
  const styles = stylesOf(terminal);
  const why = report.failure === null ? '' : `: ${report.failure.message}`;
  terminal.out(renderReport(report, styles));
  terminal.out(`  ${report.state}${plainText(why)}\n`);
  terminal.out(goOnText(report));
};

/** How one that ended early is gone on with. */
export const goOnText = ({ id, kind, state }: Pick<ImportReport, 'id' | 'kind' | 'state'>): string => {
  if (state !== 'interrupted' && state !== 'failed') return '';
  return `  go on with: ${kind === 'singer' ? 'the tap, from its last state' : `sophia import --resume ${id}`}\n`;
};
