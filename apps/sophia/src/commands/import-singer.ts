import { clientSettings } from '../client/settings.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Exit } from '../command-line/exit-codes.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { bytesOf } from '../input/import-source.ts';
import { readNamed } from '../input/read-named.ts';
import { renderReport } from '../output/import-report.ts';
import { stylesOf } from '../output/styles.ts';
import type { ConfiguredTap } from './configured-tap.ts';
import type { ImportFileOptions } from './import-files.ts';
import { runImport } from './run-import.ts';

export interface ImportSingerOptions extends Omit<ImportFileOptions, 'mapping'> {
  readonly mappings: readonly string[];
  readonly tap?: string | undefined;
}

/** Imports what a Singer tap writes, from standard input or run by us; states go to standard output when all before them is committed. */
export const importSinger = async (invocation: ClientInvocation, options: ImportSingerOptions): Promise<Exit> => {
  const { terminal } = invocation;
  const { sourceSystem: given, mappings: paths, json } = options;
  const tap = options.tap === undefined ? undefined : await openTap(options.tap, invocation, options);
  const sourceSystem = given ?? tap?.sourceSystem;
  if (sourceSystem === undefined) throw new CommandError('usage', 'A Singer import needs --source-system: where the records come from.');
  const mappings = await Promise.all([...(tap?.mappings ?? []), ...paths].map((path) => readNamed('mapping', path)));
  const name = tap?.name ?? sourceSystem;
  const form = {
    options: { kind: 'singer', name, source_system: sourceSystem, mappings },
    fileName: name,
    bytes: tap?.bytes ?? bytesOf(terminal.input),
  };
  const goOn = options.tap === undefined ? 'the tap, from the last state that was printed' : `sophia import --tap ${options.tap}`;
  const report = await runImport(invocation, form, {
    onBegun: (lastState) => tap?.begin(lastState),
    // As `target-*` programs do, so that a state file can be kept.
    onState: (state) => json !== true && terminal.out(`${JSON.stringify(state)}\n`),
    goOn: () => goOn,
  }).finally(async () => {
    // The import may be over before its input is, which would keep the process until then.
    if (tap === undefined) terminal.input.destroy();
    else await tap.close();
  });
  if (json === true) terminal.out(`${JSON.stringify(report)}\n`);
  else terminal.err(renderReport(report, stylesOf({ colour: false })));
  return report.rejected > 0 ? 'rejected' : 'ok';
};

const openTap = async (path: string, invocation: ClientInvocation, options: ImportSingerOptions): Promise<ConfiguredTap> => {
  const { readTap } = await import('./configured-tap.ts');
  const { dataDirectory } = await clientSettings(options, invocation.environment);
  return readTap(path, dataDirectory, invocation);
};
