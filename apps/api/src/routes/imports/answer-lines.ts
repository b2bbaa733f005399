import type { ServerResponse } from 'node:http';
import type { ImportReport, RunningImport } from '@sophia/catalog';
import { isSendersWord } from '@sophia/connectors';
import type { Logger } from '@sophia/observability';
import type { JsonValue } from '@sophia/types';
import type { FastifyReply } from 'fastify';
import { problemDocument } from '../../server/problem-document.ts';

/** Lines of an answer that is written while the import runs. */
export interface AnswerLines {
  progress(progress: object): void;
  state(state: JsonValue): void;
  warning(text: string): void;
  /** Says that the import has begun, then how it ends; resolves when all is written. */
  follow(running: RunningImport): Promise<void>;
}

/** The answer as NDJSON: `import`, then `progress`, `state` and `warning` as they come, last `report` or `problem`. */
export const openAnswerLines = (reply: FastifyReply, logger: Logger): AnswerLines => {
  const waiting: string[] = [];
  let response: ServerResponse | undefined;
  const write = (line: object): void => {
    const text = `${JSON.stringify(line)}\n`;
    if (response === undefined) waiting.push(text);
    else response.write(text);
  };
  return {
    progress: (progress) => write({ progress }),
    state: (state) => write({ state }),
    warning: (warning) => write({ warning }),
    async follow({ id, origin, lastState, finished }) {
      reply.hijack();
      const { raw } = reply;
      // Headers that hooks have set go along; a value is never undefined here.
      raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), 'content-type': 'application/x-ndjson; charset=utf-8' });
      raw.write(`${JSON.stringify({ import: { id, origin, last_state: lastState } })}\n`);
      for (const line of waiting.splice(0)) raw.write(line);
      response = raw;
      write(await ending(finished, { requestId: reply.request.id, importId: id, hasGone: () => raw.destroyed, logger }));
      await new Promise<void>((resolve) => {
        raw.once('close', resolve);
        raw.end(resolve);
      });
    },
  };
};

interface EndingOptions {
  readonly requestId: string;
  readonly importId: string;
  /** Whether nobody waits for the end any more. */
  readonly hasGone: () => boolean;
  readonly logger: Logger;
}

const ending = (finished: Promise<ImportReport>, { requestId, importId, hasGone, logger }: EndingOptions): Promise<object> =>
  finished.then(
    (report) => ({ report }),
    (error: unknown) => {
      const problem = problemDocument(error, requestId);
      // Whoever stops sending knows why; the import waits to be gone on with.
      if (hasGone()) logger.info({ err: error, request_id: requestId, import: importId }, 'the sender of an import has gone');
      // Nothing is wrong here.
      else if (isSendersWord(error)) logger.info({ err: error, request_id: requestId, import: importId }, problem.title);
      // An import that waits to be gone on with, as when this instance stops, is no defect.
      else if (problem.status === 503) logger.warn({ err: error, request_id: requestId, import: importId }, problem.title);
      else if (problem.status >= 500) logger.error({ err: error, request_id: requestId, import: importId }, problem.title);
      return { problem };
    },
  );
