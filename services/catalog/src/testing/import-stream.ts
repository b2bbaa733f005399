import type { ImportItem } from '../catalog.ts';

/** Items as their source gives them, and steps between them that the source waits for. */
export async function* importStream(...steps: readonly (ImportItem | (() => Promise<void>))[]): AsyncGenerator<ImportItem> {
  for (const step of steps) {
    if (typeof step === 'function') await step();
    else yield step;
  }
}

/** Steps of a source that goes no further: it hangs, or its connection is lost. */
export const hangs = () => new Promise<void>(() => {});
export const fails = async (): Promise<void> => {
  throw new Error('The connection was reset.');
};
