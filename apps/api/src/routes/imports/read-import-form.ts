import { Readable } from 'node:stream';
import type { MultipartFile } from '@fastify/multipart';
import { SophiaError } from '@sophia/shared';
import type { FastifyRequest } from 'fastify';
import { type ImportRequestOptions, parseImportOptions } from './import-options.ts';

/** A form as it arrives: the file is still being sent. */
export interface ImportForm {
  readonly options: ImportRequestOptions;
  readonly file: Readable;
  readonly fileName: string | undefined;
}

/** Bytes of the options, mappings included. */
const OPTIONS_BYTES = 4 * 2 ** 20;

/**
 * Reads a form up to its file, which stands last. Errors: `invalid_request`,
 * `unsupported_media_type`, those of the options; while the file is read `payload_too_large`.
 */
export const readImportForm = async (request: FastifyRequest, importBytes: number): Promise<ImportForm> => {
  if (!request.isMultipart()) {
    throw new SophiaError('unsupported_media_type', 'Send multipart/form-data: the field options (JSON), then the part file.');
  }
  let options: ImportRequestOptions = {};
  const limits = { fileSize: importBytes, files: 1, fields: 1, fieldSize: OPTIONS_BYTES };
  for await (const part of request.parts({ limits })) {
    if (part.type === 'file') {
      return { options, file: Readable.from(whole(part.file, importBytes)), fileName: part.filename === '' ? undefined : part.filename };
    }
    if (part.fieldname !== 'options' || typeof part.value !== 'string' || part.valueTruncated) {
      throw new SophiaError('invalid_request', 'The form has one field, options, of at most 4 MiB of JSON, and then the part file.');
    }
    options = parseImportOptions(part.value);
  }
  throw new SophiaError('invalid_request', 'The form has no part file.');
};

/** The file's bytes. One that is longer than the limit is cut off by the parser of forms, which ends it as if it were whole. */
async function* whole(file: MultipartFile['file'], maximumBytes: number): AsyncGenerator<Uint8Array> {
  yield* file;
  if (file.truncated) throw new SophiaError('payload_too_large', `The file is longer than ${maximumBytes} bytes.`);
}
