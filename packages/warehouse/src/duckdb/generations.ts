import { SophiaError } from '@sophia/shared';
import type { WarehouseRebuild } from '../warehouse.ts';
import { createRebuild } from './rebuild.ts';
import type { Store } from './store.ts';
import type { WarehouseFiles } from './warehouse-files.ts';

export interface GenerationsOptions {
  readonly files: WarehouseFiles;
  readonly memoryLimitMb: number;
  readonly openStore: (generation: number, memoryLimitMb: number) => Promise<Store>;
}

/** Milliseconds for queries that run when the warehouse closes, and when it goes on in another file. */
const CLOSE_GRACE_MS = 5_000;
const SWITCH_GRACE_MS = 60_000;

/** Opens the generation in use. */
export async function openGenerations(options: GenerationsOptions): Promise<Generations> {
  return new Generations(options, await openCurrent(options));
}

/** Another process may have switched to a new generation, and gone, between our look and our lock. */
async function openCurrent({ files, openStore, memoryLimitMb }: GenerationsOptions): Promise<Store> {
  for (;;) {
    const generation = await files.current();
    const opened = await openStore(generation, memoryLimitMb);
    if ((await files.current()) === generation) {
      await files.use(generation);
      await files.removeAllBut(generation);
      return opened;
    }
    await opened.close(0);
    await files.remove(generation);
  }
}

/** The generation in use, which is opened again after a failure that leaves it in doubt, and the next one while it is built. */
class Generations {
  readonly #files: WarehouseFiles;
  readonly #memoryLimitMb: number;
  readonly #openStore: GenerationsOptions['openStore'];
  #store: Store;
  #reopening: Promise<void> | undefined;
  #rebuild: Promise<WarehouseRebuild> | undefined;
  /** The store that another one took the place of, while its queries finish. */
  #leaving: Store | undefined;
  #isClosed = false;

  constructor({ files, memoryLimitMb, openStore }: GenerationsOptions, store: Store) {
    this.#files = files;
    this.#memoryLimitMb = memoryLimitMb;
    this.#openStore = openStore;
    this.#store = store;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The store in use, in doubt or not. */
  get store(): Store {
    return this.#store;
  }

  /** The store in use, opened again if the last failure left it in doubt. Throws `warehouse_unavailable` where it is closed. */
  async usable(): Promise<Store> {
    if (this.#isClosed) throw new SophiaError('warehouse_unavailable', 'The warehouse is closed.');
    if (this.#store.isBroken()) {
      this.#reopening ??= this.#reopen(this.#store).finally(() => {
        this.#reopening = undefined;
      });
      await this.#reopening;
    }
    return this.#store;
  }

  async #reopen(broken: Store): Promise<void> {
    await broken.close(0);
    // A switch that was under way has ended before it closed; after that none begins.
    if (this.#store !== broken) return;
    this.#store = await this.#openStore(broken.meta().applied.generation, this.#memoryLimitMb);
  }

  /** Begins the next generation. Throws `warehouse_rebuild_refused` while there is one. */
  async startRebuild(): Promise<WarehouseRebuild> {
    if (this.#rebuild !== undefined) throw new SophiaError('warehouse_rebuild_refused', 'Another rebuild of the warehouse is under way.');
    const opening = this.#openRebuild();
    this.#rebuild = opening;
    opening.catch(() => {
      this.#rebuild = undefined;
    });
    return opening;
  }

  async #openRebuild(): Promise<WarehouseRebuild> {
    const generation = (await this.usable()).meta().applied.generation + 1;
    await this.#files.remove(generation);
    const next = await this.#openStore(generation, Math.ceil(this.#memoryLimitMb / 2));
    return createRebuild({
      live: () => this.#store,
      next,
      use: async () => {
        await this.#files.use(generation);
        this.#store = next;
      },
      discard: (unused) => this.#discard(unused, next),
    });
  }

  /** Takes away the one of the two that is not needed: `next`, or the one that it took the place of. */
  async #discard(unused: Store, next: Store): Promise<void> {
    if (unused !== next) this.#leaving = unused;
    try {
      await unused.close(unused === next ? 0 : this.#isClosed ? CLOSE_GRACE_MS : SWITCH_GRACE_MS);
      if (unused !== next) await next.limitMemory(this.#memoryLimitMb);
      await this.#files.remove(unused.meta().applied.generation);
    } finally {
      // Not before: after one that was given up the next has its number, and would have its file.
      this.#rebuild = undefined;
      this.#leaving = undefined;
    }
  }

  /** Once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // Its queries have no more time than those of the one in use; the rebuild below waits for its end.
    this.#leaving?.close(CLOSE_GRACE_MS).catch(() => undefined);
    const unfinished = await this.#rebuild?.catch(() => undefined);
    await unfinished?.abandon();
    await this.#reopening?.catch(() => undefined);
    await this.#store.close(CLOSE_GRACE_MS);
  }
}
