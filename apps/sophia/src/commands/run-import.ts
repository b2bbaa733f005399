import type { ImportProgress, ImportReport } from '@sophia/catalog';
import type { JsonValue } from '@sophia/types';
import { importForm } from '../client/import-form.ts';
import { isCutOff, linesOf } from '../client/lines-of.ts';
import { type Problem, ProblemError } from '../client/problem-error.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { progressText } from '../output/import-report.ts';
import { createProgressLine } from '../output/progress.ts';
import { plainText } from '../output/text-width.ts';

/** A line of the answer. */
export type ImportLine =
  | { readonly import: { readonly id: string; readonly origin: string; readonly last_state: JsonValue | null } }
  | { readonly progress: ImportProgress }
  | { readonly state: JsonValue }
  | { readonly warning: string }
  | { readonly report: ImportReport }
  | { readonly problem: Problem };

export interface FollowImport {
  readonly onBegun?: ((lastState: JsonValue | null) => void) | undefined;
  readonly onState?: ((state: JsonValue) => void) | undefined;
  /** The command that goes on where this import was cut off; `--resume` with its id unless told. */
  readonly goOn?: ((id: string) => string) | undefined;
}

/** Sends a form and follows the import to its end. Errors: `CommandError` where it was cut off; what the form's bytes throw. */
export const runImport = async (
  { api, terminal, interrupted }: ClientInvocation,
  form: Parameters<typeof importForm>[0],
  follow: FollowImport = {},
): Promise<ImportReport> => {
  const progress = createProgressLine(terminal);
  let id: string | undefined;
  const goOn = () => (id === undefined ? undefined : `Go on with: ${follow.goOn?.(id) ?? `sophia import --resume ${id}`}`);
  try {
    for await (const line of linesOf<ImportLine>(await api.open('POST', '/imports', importForm(form)))) {
      if ('import' in line) {
        id = line.import.id;
        follow.onBegun?.(line.import.last_state);
      } else if ('progress' in line) progress.show(progressText(line.progress), form.fileName);
      else if ('state' in line) follow.onState?.(line.state);
      else if ('warning' in line) {
        progress.clear();
        terminal.err(`warning: ${plainText(line.warning)}\n`);
      } else if ('report' in line) return line.report;
      else throw new ProblemError(line.problem, line.problem.code === 'unavailable' ? goOn() : undefined);
    }
  } catch (error) {
    if (!interrupted.aborted && !isCutOff(error)) throw error;
  } finally {
    progress.clear();
  }
  throw cutOff(interrupted.aborted, goOn());
};

const cutOff = (isInterrupted: boolean, hint: string | undefined): CommandError => {
  const stays = hint === undefined ? 'nothing was imported' : 'what was committed stays';
  return isInterrupted
    ? new CommandError('interrupted', `The import was interrupted; ${stays}.`, hint)
    : new CommandError('temporary', `The import was cut off before its end, for Sophia went away; ${stays}.`, hint);
};
