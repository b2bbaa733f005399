import type { ConsumeOptions } from '../event-log.ts';

/** Passes on to `onSetAside` that what stands aside may have changed, until it was taken. */
export interface SetAsideNews {
  /** It is about to change: noted beforehand, for the outcome of a commit may stay unknown. */
  note(): void;
  tell(): Promise<void>;
}

export function createSetAsideNews(consume: Pick<ConsumeOptions, 'onSetAside'>): SetAsideNews {
  let isUntold = false;
  return {
    note() {
      isUntold = true;
    },
    async tell() {
      if (!isUntold) return;
      await consume.onSetAside?.();
      isUntold = false;
    },
  };
}
