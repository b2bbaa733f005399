import type { ImportReport } from '@sophia/catalog';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { pageLimit } from '../input/page-limit.ts';
import { ago } from '../output/freshness-line.ts';
import { renderReport } from '../output/import-report.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';

export interface ListImportsOptions extends CommonOptions {
  readonly state?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
}

export const listImports = async (
  { api, terminal }: ClientInvocation,
  { state, cursor, limit, json }: ListImportsOptions,
): Promise<void> => {
  const { imports, next_cursor: next } = await api.call<{ imports: readonly ImportReport[]; next_cursor: string | null }>(
    'GET',
    '/imports',
    { query: { state, cursor, limit: pageLimit(limit) } },
  );
  const more = next === null ? '' : `more: --cursor ${next}\n`;
  if (json === true) {
    terminal.out(`${JSON.stringify(imports)}\n`);
    return terminal.err(more);
  }
  const styles = stylesOf(terminal);
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
      { width: terminal.columns, styles },
    ),
  );
  if (more !== '') terminal.out(styles.faint(more));
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
