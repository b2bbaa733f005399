import { isCutOff, linesOf } from '../client/lines-of.ts';
import { type Problem, ProblemError } from '../client/problem-error.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { createProgressLine } from '../output/progress.ts';

type RebuildLine =
  | { readonly progress: { readonly applied: number; readonly tick: number; readonly head: number } }
  | { readonly rebuilt: { readonly events: number; readonly generation: number } }
  | { readonly problem: Problem };

export const rebuildWarehouse = async ({ api, terminal }: ClientInvocation, { json }: CommonOptions): Promise<void> => {
  const progress = createProgressLine(terminal);
  const begun = performance.now();
  const answer = await api.open('POST', '/projections/warehouse/rebuild', {
    headers: { accept: 'application/x-ndjson', 'content-length': '0' },
    send: () => Promise.resolve(),
  });
  try {
    for await (const line of linesOf<RebuildLine>(answer)) {
      if ('progress' in line) {
        const { applied, tick, head } = line.progress;
        progress.show(`${applied.toLocaleString('en-US')} events, ${head === 0 ? 100 : Math.floor((100 * tick) / head)} %`);
      } else if ('problem' in line) throw new ProblemError(line.problem);
      else {
        progress.clear();
        const { events, generation } = line.rebuilt;
        const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
        return terminal.out(
          json === true
            ? `${JSON.stringify(line.rebuilt)}\n`
            : `The warehouse is made anew from ${events.toLocaleString('en-US')} events in ${seconds} s and equals the one before; it is generation ${generation}.\n`,
        );
      }
    }
  } catch (error) {
    if (!isCutOff(error)) throw error;
  } finally {
    progress.clear();
  }
  throw new CommandError('temporary', 'The rebuild was cut off; the warehouse in use stays as it is.');
};
