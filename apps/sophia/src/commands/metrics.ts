import type { MetricDescription } from '@sophia/core';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';

export const listMetrics = async (
  { api, terminal }: ClientInvocation,
  { json, dimensions }: CommonOptions & { readonly dimensions?: boolean | undefined },
): Promise<void> => {
  const { metrics } = await api.call<{ metrics: readonly MetricDescription[] }>('GET', '/metrics');
  if (json === true) return terminal.out(`${JSON.stringify(metrics)}\n`);
  const layout = { width: terminal.columns, styles: stylesOf(terminal) };
  const columns = ['Name', 'Type', 'Description'].map((title) => ({ title }));
  terminal.out(
    renderTable(
      columns,
      metrics.map(({ name, type, description }) => [name, type, description]),
      layout,
    ),
  );
  if (dimensions !== true) return;
  for (const { name, dimensions: own } of metrics) {
    terminal.out(`\n${layout.styles.strong(name)} by ${own.map((each) => each.name).join(', ')}\n`);
  }
};
