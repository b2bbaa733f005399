import { readConfiguration, waitForStopSignal } from '@sophia/shared';
import { readConfigurationFile } from '../client/settings.ts';
import type { CommonOptions, Invocation } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { tellHowItEnded } from '../server/how-it-ended.ts';
import { quietObservability } from '../server/quiet-observability.ts';
import { serve } from '../server/serve.ts';

export interface StartOptions extends CommonOptions {
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly sample?: boolean | undefined;
}

/** Runs the server until it is told to stop; then lets what is in hand finish. */
export const start = async ({ terminal, environment }: Invocation, options: StartOptions): Promise<void> => {
  let begun = performance.now();
  const say = (line: string): void => terminal.err(`${line}\n`);
  const parsed = readConfiguration({
    env: environment,
    file: await readConfigurationFile(environment),
    arguments: {
      port: options.port,
      host: options.host,
      'data-dir': options.dataDir,
      workspace: options.workspace,
      // Commander says true where nothing was said.
      sample: options.sample === false ? false : undefined,
    },
  });
  say(`starting Sophia in ${parsed.configuration.dataDirectory}`);
  const stopped = waitForStopSignal();
  let isStarting = true;
  void stopped.then((signal) => isStarting && say(`${signal}: stops as soon as it has started (again to stop at once)`));
  // Lines for people stay clean on a terminal, unless a level is asked for; slow queries are listed by `sophia status --slow`.
  const isWatched = terminal.columns !== undefined && options.json !== true && parsed.origins.logLevel === 'default';
  const observability = isWatched ? quietObservability(parsed.configuration) : undefined;
  try {
    for (;;) {
      const served = await serve({ parsed, listens: true, say, observability });
      isStarting = false;
      const seconds = (performance.now() - begun) / 1000;
      const { address } = served;
      if (options.json === true) terminal.out(`${JSON.stringify({ ready: { address, seconds, pid: process.pid } })}\n`);
      else
        terminal.out(`Sophia is ready at ${address} after ${seconds.toFixed(1)} s. A key: ./sophia keys create --role analyst --name me\n`);
      const end = await Promise.race([stopped, served.platform.wentBack]);
      if (typeof end === 'string') {
        say(`${end}: letting requests and work in hand finish (again to stop at once)`);
        await served.close().catch((error: unknown) => tellHowItEnded(error, say));
        break;
      }
      begun = performance.now();
      isStarting = true;
      say(`${end.message} Sophia starts anew`);
      await served.close().catch((error: unknown) => say(messageOf(error)));
    }
  } finally {
    await observability?.close();
  }
  say('stopped');
};
