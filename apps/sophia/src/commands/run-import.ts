import type { ImportProgress, ImportReport } from '@sophia/catalog';
import type { JsonValue } from '@sophia/types';
import { importForm } from '../client/import-form.ts';
import { linesOf } from '../client/lines-of.ts';
import { type Problem, ProblemError } from '../client/problem-error.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { progressText } from '../output/import-report.ts';
import { createProgressLine } from '../output/progress.ts';

/** A line of the answer. */
export type ImportLine =
  | { readonly import: { readonly id: string; readonly origin: string; readonly last_state: JsonValue | null } }
  | { readonly progress: ImportProgress }
  | { readonly state: JsonValue }
  | { readonly report: ImportReport }
  | { readonly problem: Problem };

/** Sends a form and follows the import to its end. */
export const runImport = async (
  { api, terminal }: ClientInvocation,
  form: Parameters<typeof importForm>[0],
  follow: { readonly onBegun?: (lastState: JsonValue | null) => void; readonly onState?: (state: JsonValue) => void } = {},
): Promise<ImportReport> => {
  const progress = createProgressLine(terminal);
  let id: string | undefined;
  try {
    for await (const line of linesOf<ImportLine>(await api.open('POST', '/imports', importForm(form)))) {
      if ('import' in line) {
        id = line.import.id;
        follow.onBegun?.(line.import.last_state);
      } else if ('progress' in line) progress.show(`${form.fileName}: ${progressText(line.progress)}`);
      else if ('state' in line) follow.onState?.(line.state);
      else if ('report' in line) return line.report;
      else throw new ProblemError(line.problem);
    }
  } finally {
    progress.clear();
  }
  const hint = id === undefined ? undefined : `Go on with: sophia import --resume ${id}`;
  throw new CommandError('temporary', 'The import was cut off before its end; what was committed stays.', hint);
};
