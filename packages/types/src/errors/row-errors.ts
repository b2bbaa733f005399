import type { ErrorCode } from './error-code.ts';

/** Why a row on its way in is rejected: the codes of `RowError`, and of the problem document for a single object. */
export const ROW_ERRORS = {
  missing_source_id: { status: 422, title: 'Missing source id', help: 'Every row needs the id that its source knows it by, in source_id.' },
  source_id_too_long: { status: 422, title: 'Source id too long', help: 'A source id has at most 500 characters.' },
  missing_field: { status: 422, title: 'Missing field', help: 'The record type requires the field named in column.' },
  invalid_text: { status: 422, title: 'Invalid text', help: 'Send a string of well-formed Unicode without the character U+0000.' },
  text_too_long: { status: 422, title: 'Text too long', help: "Shorten the text to the field's length." },
  value_not_allowed: { status: 422, title: 'Value not allowed', help: 'Send one of the values that the message lists, or map it to one.' },
  invalid_integer: { status: 422, title: 'Invalid integer', help: 'Send a whole number; beyond 2^53 as a string.' },
  invalid_number: { status: 422, title: 'Invalid number', help: 'Send a finite number without separators or a unit.' },
  invalid_money: {
    status: 422,
    title: 'Invalid amount',
    help: 'Send a decimal string such as "1054.50"; separators, currencies and units are for the mapping.',
  },
  too_many_digits: {
    status: 422,
    title: 'Too many digits',
    help: 'Amounts have at most 4 digits after the point and are never rounded: round them in the source, or use a number field.',
  },
  out_of_range: { status: 422, title: 'Out of range', help: 'Send a value within the range that the message names.' },
  invalid_boolean: { status: 422, title: 'Invalid boolean', help: 'Send true or false.' },
  invalid_date: { status: 422, title: 'Invalid date', help: 'Send a calendar day as YYYY-MM-DD, or set the format in the mapping.' },
  invalid_timestamp: { status: 422, title: 'Invalid timestamp', help: 'Send an instant as ISO 8601, or set the format in the mapping.' },
  timestamp_without_offset: {
    status: 422,
    title: 'Timestamp without an offset',
    help: 'Send the offset from UTC with the time, or set the zone in the mapping.',
  },
  invalid_reference: {
    status: 422,
    title: 'Invalid reference',
    help: 'Send the source id of the record referred to, or an object of source_system and source_id.',
  },
  invalid_list: { status: 422, title: 'Invalid list', help: 'Send an array of strings, or set the separator in the mapping.' },
  json_too_deep: { status: 422, title: 'JSON too deep', help: 'Values are nested at most 32 levels deep.' },
  too_many_fields: {
    status: 422,
    title: 'Too many fields',
    help: 'A row has at most 1,000 fields that its record type does not know, and 10,000 members and values in all; with what its record keeps, 10,000 such fields.',
  },
  invalid_field_name: { status: 422, title: 'Invalid field name', help: 'A field name has 1 to 200 characters.' },
  value_not_mapped: { status: 422, title: 'Value not mapped', help: 'Add the value to the values of the mapping, or a default.' },
  wrong_column_count: {
    status: 422,
    title: 'Wrong column count',
    help: 'The row has more or fewer cells than the table has columns; a delimiter in a cell must stand in quotes.',
  },
  invalid_quote: {
    status: 422,
    title: 'Invalid quote',
    help: 'A quote is not closed, or text stands behind a closing quote; double the quotes within a cell.',
  },
  invalid_encoding: {
    status: 422,
    title: 'Invalid encoding',
    help: 'The row is no text in the encoding of the source; set the right one.',
  },
  invalid_json: { status: 422, title: 'Invalid JSON', help: 'The line or item is no JSON object.' },
  row_too_long: { status: 422, title: 'Row too long', help: 'A row has at most 8 MiB.' },
  invalid_priority: {
    status: 422,
    title: 'Invalid business priority',
    help: 'Send critical, high, medium or low.',
  },
} as const satisfies Record<string, ErrorCode>;

export type RowErrorCode = keyof typeof ROW_ERRORS;
