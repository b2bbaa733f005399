import type { Exit } from './exit-codes.ts';
import type { ClientInvocation, CommonOptions, Invocation } from './invocation.ts';

/** What commander calls: with arguments, options, and the command. */
type Action = (...given: unknown[]) => Promise<void>;
// biome-ignore lint/suspicious/noConfusingVoidType: a command without a word to say about its end says nothing
type Ended = Promise<Exit | void>;

export interface Runs {
  /** Runs by itself. */
  local<Own extends unknown[]>(work: (invocation: Invocation, ...own: Own) => Ended): Action;
  /** Asks the Sophia of the data folder. */
  client<Own extends unknown[]>(work: (invocation: ClientInvocation, ...own: Own) => Ended): Action;
}

/** Each command's code is loaded when it is run: a query must not wait for what only a start needs. */
export const runsIn = (invocation: Invocation, ended: (exit: Exit) => void): Runs => ({
  local:
    <Own extends unknown[]>(work: (invocation: Invocation, ...own: Own) => Ended) =>
    async (...given) => {
      // Arguments and options are as the command's definition says; the last one is the command itself.
      const own = given.slice(0, -1) as Own;
      ended((await work(invocation, ...own)) ?? 'ok');
    },
  client:
    <Own extends unknown[]>(work: (invocation: ClientInvocation, ...own: Own) => Ended) =>
    async (...given) => {
      const own = given.slice(0, -1) as Own;
      const options = own.at(-1) as CommonOptions;
      const { withSophia } = await import('../client/with-sophia.ts');
      ended((await withSophia(invocation, options, (found) => work({ ...invocation, ...found }, ...own))) ?? 'ok');
    },
});
