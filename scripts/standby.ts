/**
 * A process of `./sophia dev` that waits for its turn with packages loaded already: what a change leaves to load is
 * Sophia's own. Its arguments are those of `sophia`; `Instruction` is what it is told, in that order.
 */
import { on } from 'node:events';
import { registerHooks } from 'node:module';
import process from 'node:process';

export type Instruction =
  /** Import these modules; none where they are not known yet. */
  | { readonly packages: readonly string[] }
  /** Load Sophia, while the one before it may still be closing. */
  | 'load'
  /** Run the command. */
  | 'run';

/** Told when Sophia is loaded. */
export interface Loaded {
  /** Addresses of the modules outside the repository that it imports; what they import comes with them. */
  readonly packages: readonly string[];
}

const MAIN = '../apps/sophia/src/main.ts';
const START = '../apps/sophia/src/commands/start.ts';

// Who told it what to do is gone, and nobody else would stop it.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

// Listening throughout: what comes while nobody does is lost.
const messages = on(process, 'message');
const instruction = async (): Promise<unknown> => (await messages.next()).value?.[0];

const { packages } = (await instruction()) as Exclude<Instruction, string>;
const imported = new Set(packages);
await Promise.all(packages.map((address) => import(address)));
if (packages.length === 0) record(imported);

await instruction();
await import(START);
process.send?.({ packages: [...imported] } satisfies Loaded);

await instruction();
// Nothing more is told: whether the process goes on is Sophia's to say.
process.channel?.unref();
await import(MAIN);

/** What is resolved and never imported, the file of a page for one, is none of them. */
function record(addresses: Set<string>): void {
  const isPackage = (address = ''): boolean => address.includes('/node_modules/');
  const resolved = new Set<string>();
  registerHooks({
    resolve(specifier, context, next) {
      const result = next(specifier, context);
      if (isPackage(result.url) && !isPackage(context.parentURL)) resolved.add(result.url);
      return result;
    },
    load(address, context, next) {
      if (resolved.has(address)) addresses.add(address);
      return next(address, context);
    },
  });
}
