import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How PostgreSQL, which refuses to run as root, is run. */
export type Confinement =
  /** As whoever we are: not root. */
  | 'same_user'
  /** Root's processes in a user namespace in which they are nobody: files stay root's. */
  | 'user_namespace'
  /** As nobody, who gets the data folder: where user namespaces are closed. */
  | 'nobody';

export interface Command {
  readonly file: string;
  readonly arguments: readonly string[];
}

export interface Confiner {
  readonly confinement: Confinement;
  command(file: string, parameters: readonly string[]): Command;
}

/** What this machine offers: tried, not guessed. */
export async function createConfiner(): Promise<Confiner> {
  const dies = await succeeds('setpriv', ['--pdeathsig', 'INT', '--', 'true']);
  const confinement = await chooseConfinement();
  return confinerFor(confinement, dies);
}

/**
 * @param diesWithUs whether `setpriv` is there: the kernel then tells PostgreSQL to stop (SIGINT, a
 * fast shutdown) when our process dies, however it dies
 */
export function confinerFor(confinement: Confinement, diesWithUs: boolean): Confiner {
  const tie = ['--pdeathsig', 'INT', '--'];
  return {
    confinement,
    command(file, parameters) {
      switch (confinement) {
        case 'same_user':
          return diesWithUs ? { file: 'setpriv', arguments: [...tie, file, ...parameters] } : { file, arguments: parameters };
        case 'user_namespace': {
          const inner = diesWithUs ? ['setpriv', ...tie, file, ...parameters] : [file, ...parameters];
          return { file: 'unshare', arguments: [...AS_NOBODY_INSIDE, '--', ...inner] };
        }
        case 'nobody':
          return {
            file: 'setpriv',
            arguments: [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...tie, file, ...parameters],
          };
      }
    },
  };
}

/** PostgreSQL gets nothing of our environment: neither secrets nor its own variables. Programs are found on the system's own path. */
export const EMPTY_ENVIRONMENT: NodeJS.ProcessEnv = {};
export const NOBODY = 65_534;
const AS_NOBODY_INSIDE = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];

async function chooseConfinement(): Promise<Confinement> {
  if (process.getuid?.() !== 0) return 'same_user';
  return (await succeeds('unshare', [...AS_NOBODY_INSIDE, '--', 'true'])) ? 'user_namespace' : 'nobody';
}

async function succeeds(file: string, parameters: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(file, parameters, { timeout: 5_000, env: EMPTY_ENVIRONMENT });
    return true;
  } catch {
    return false;
  }
}
