import type { Multipart, MultipartFile } from '@fastify/multipart';
import { SophiaError } from '@sophia/shared';
import type { FastifyRequest } from 'fastify';
import { type ImportRequestOptions, parseImportOptions } from './import-options.ts';
import { parseSenderFailure } from './sender-failure.ts';

/** A form as it arrives: the file is still being sent. */
export interface ImportForm {
  readonly options: ImportRequestOptions;
  /** Fails behind its last byte where the sender says that it is not the whole. */
  readonly file: AsyncIterable<Uint8Array>;
  readonly fileName: string | undefined;
}

/** Bytes of a field; the options hold mappings. */
const FIELD_BYTES = 4 * 2 ** 20;

/**
 * Reads a form up to its file. Behind the file at most the field `failure` stands. Errors: `invalid_request`,
 * `unsupported_media_type`, those of the options; while the file is read `payload_too_large`, `tap_failed`, `tap_stalled`.
 */
export const readImportForm = async (request: FastifyRequest, importBytes: number): Promise<ImportForm> => {
  if (!request.isMultipart()) {
    throw new SophiaError('unsupported_media_type', 'Send multipart/form-data: the field options (JSON), then the part file.');
  }
  let options: ImportRequestOptions | undefined;
  const limits = { fileSize: importBytes, files: 1, fields: 2, fieldSize: FIELD_BYTES };
  const parts = wellFormed(request.parts({ limits }));
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    const part = next.value;
    if (part.type === 'file') {
      return { options: options ?? {}, file: whole(part.file, importBytes, parts), fileName: fileNameOf(part) };
    }
    if (options !== undefined || part.fieldname !== 'options' || typeof part.value !== 'string' || part.valueTruncated) {
      throw new SophiaError('invalid_request', 'The form has one field, options, of at most 4 MiB of JSON, and then the part file.');
    }
    options = parseImportOptions(part.value);
  }
  throw new SophiaError('invalid_request', 'The form has no part file.');
};

/** As the sender calls it, if they do, whatever the parser's types say. A text with a NUL can be kept nowhere. */
const fileNameOf = ({ filename }: { readonly filename?: string | undefined }): string | undefined => {
  const name = filename?.replaceAll('\0', '');
  return name === '' ? undefined : name;
};

/** What the parser of forms says of bytes that are no form. */
const MALFORMED = /multipart data|Multipart:|needle/;

/** Errors: `invalid_request` where the bytes are no form. */
async function* wellFormed<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  try {
    yield* parts;
  } catch (error) {
    if (!(error instanceof Error && MALFORMED.test(error.message))) throw error;
    throw new SophiaError('invalid_request', `The form is not well formed: ${error.message}.`, { cause: error });
  }
}

/**
 * The file's bytes. One that is longer than the limit is cut off by the parser of forms, which ends it as if it were whole.
 * No stream of Node's: that would drop what waits in it when the end fails.
 */
async function* whole(file: MultipartFile['file'], maximumBytes: number, rest: AsyncIterable<Multipart>): AsyncGenerator<Uint8Array> {
  yield* wellFormed<Uint8Array>(file);
  if (file.truncated) throw new SophiaError('payload_too_large', `The file is longer than ${maximumBytes} bytes.`);
  for await (const part of rest) if (part.type === 'field' && part.fieldname === 'failure') throw parseSenderFailure(part.value);
}
