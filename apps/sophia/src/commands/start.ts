import { type Configuration, waitForStopSignal } from '@sophia/shared';
import { serve } from '../server/serve.ts';

/** Runs the server until it is told to stop; then lets what is in hand finish. */
export const start = async (configuration: Configuration): Promise<void> => {
  const begun = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`starting Sophia in ${configuration.dataDirectory}`);
  const stopped = waitForStopSignal();
  const served = await serve({ configuration, listens: true, say });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`Sophia is ready at ${served.address} after ${seconds} s. A key: ./sophia keys create --role analyst --name me\n`);
  const signal = await stopped;
  say(`${signal}: letting requests and work in hand finish (again to stop at once)`);
  await served.close();
  say('stopped');
};
