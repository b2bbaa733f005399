import type { DerivedField, FieldDefinition, FieldType, RecordTypeDefinition } from './record-type.ts';

/**
 * The record types that exist in every workspace. Enrichments (sentiment, topics, risk signals) are rows of their
 * own, keyed by record, version and model, and so are no fields here.
 */
export const BUILTIN_RECORD_TYPES: readonly RecordTypeDefinition[] = [
  builtin(
    'deal',
    'An opportunity to sell something to a company.',
    [
      text('name', 'What the deal is called', { identifying: true }),
      text('stage', 'Step of the pipeline, as the source names it'),
      text('status', 'Whether it is decided', { values: ['open', 'won', 'lost'] }),
      money('amount', 'Value of the deal', 'currency'),
      text('currency', 'ISO 4217 code of the amount', { maxLength: 3 }),
      text('pipeline', 'Name of the pipeline'),
      reference('owner', 'user', 'The person who sells it', { identifying: true }),
      text('owner_email', 'E-mail address of the owner', { contact: true, identifying: true }),
      text('source', 'Where the deal came from'),
      text('deal_type', 'For example new business or renewal'),
      reference('product', 'product', 'What is sold'),
      field('created_on', 'date', 'Day of its creation in the source'),
      field('engaged_on', 'date', 'Day of the first engagement'),
      field('close_date', 'date', 'Day on which it was decided, or is expected to be'),
      reference('contact_id', 'contact', 'The person who buys', { identifying: true }),
      reference('company_id', 'company', 'The company that buys', { identifying: true }),
    ],
    ['owner'],
    [
      {
        name: 'days_open',
        type: 'integer',
        description: 'Days since the creation, or else the first engagement, of a deal that is open',
        expression: "if(status = 'open', days_between(coalesce(created_on, engaged_on), today), null)",
      },
      {
        name: 'days_to_close',
        type: 'integer',
        description: 'Days from the creation, or else the first engagement, to the decision',
        expression: "if(status in ('won', 'lost'), days_between(coalesce(created_on, engaged_on), close_date), null)",
      },
      {
        name: 'health',
        type: 'text',
        description: 'won or lost; while open: overdue, closing_soon (within 7 days) or in_progress',
        expression:
          "case when status in ('won', 'lost') then status when status <> 'open' then null " +
          "when close_date < today then 'overdue' when days_between(today, close_date) <= 7 then 'closing_soon' " +
          "when status = 'open' then 'in_progress' end",
      },
    ],
  ),
  builtin('company', 'A company that buys, or may.', [
    text('name', 'Its name', { identifying: true }),
    text('domain', 'Its internet domain', { identifying: true }),
    text('industry', 'What it does'),
    money('annual_revenue', 'Revenue of a year', 'currency'),
    text('currency', 'ISO 4217 code of the annual revenue', { maxLength: 3 }),
    field('employees', 'integer', 'How many people work there', { minimum: 0 }),
    text('country', 'Country of its seat'),
    text('region', 'Region of its seat'),
    text('city', 'City of its seat'),
    field('founded_year', 'integer', 'Year of its foundation'),
    reference('parent_id', 'company', 'The company that it belongs to', { identifying: true }),
  ]),
  builtin('contact', 'A person at another company.', [
    text('first_name', 'First name', { identifying: true }),
    text('last_name', 'Last name', { identifying: true }),
    text('email', 'E-mail address', { contact: true, identifying: true }),
    text('phone', 'Telephone number', { contact: true, identifying: true }),
    text('job_title', 'What the person does'),
    text('lifecycle_stage', 'For example lead or customer'),
    text('lead_status', 'How far the sale has come'),
    reference('company_id', 'company', 'Where the person works', { identifying: true }),
  ]),
  builtin('user', "A person of one's own company: a seller, an engineer.", [
    text('name', 'Full name', { identifying: true }),
    text('email', 'E-mail address', { contact: true, identifying: true }),
    text('team', 'The team'),
    text('manager', "The manager's name", { identifying: true }),
    text('office', 'The office or region'),
  ]),
  builtin('product', 'Something that is sold.', [
    text('name', 'Its name'),
    text('series', 'The series that it belongs to'),
    money('list_price', 'Price before any discount', 'currency'),
    text('currency', 'ISO 4217 code of the list price', { maxLength: 3 }),
  ]),
  builtin(
    'call',
    'A conversation by telephone or video.',
    [
      text('title', 'Its title', { identifying: true }),
      field('started_at', 'timestamp', 'When it began'),
      field('duration_seconds', 'integer', 'How long it took', { minimum: 0 }),
      text('direction', 'Inbound, outbound, or as the source says'),
      text('language', 'BCP 47 code of its language'),
      text('url', 'Where its recording is', { maxLength: 2048, identifying: true }),
      reference('host_id', 'user', 'Who led it', { identifying: true }),
      field('participants', 'text_list', 'Who took part', { contact: true, identifying: true }),
      reference('deal_id', 'deal', 'The deal that it was about', { identifying: true }),
      reference('contact_id', 'contact', 'The person called', { identifying: true }),
      reference('company_id', 'company', 'The company called', { identifying: true }),
      field('talk_ratio', 'number', "The host's share of the talking", { minimum: 0, maximum: 1 }),
      field('longest_monologue_seconds', 'integer', 'Longest time that one person spoke', { minimum: 0 }),
      field('interactivity', 'number', 'How often the speaker changed, on the scale of the source'),
      field('questions_asked', 'integer', 'How many questions the host asked', { minimum: 0 }),
      text('summary', 'What was said', { maxLength: 100_000, identifying: true }),
      text('next_steps', 'What was agreed', { maxLength: 100_000, identifying: true }),
    ],
    ['host_id'],
  ),
  builtin(
    'call_transcript',
    'The words of a call.',
    [
      reference('call_id', 'call', 'The call', { identifying: true }),
      field('segments', 'json', 'A list of {speaker_id, start_seconds, end_seconds, text}', { identifying: true }),
    ],
    ['call_id', 'host_id'],
  ),
  builtin(
    'message',
    'A message in a channel.',
    [
      text('channel_id', "The channel's id in the source"),
      text('channel_name', "The channel's name"),
      reference('author_id', 'user', 'Who wrote it', { identifying: true }),
      text('text', 'What it says', { maxLength: 100_000, identifying: true }),
      field('sent_at', 'timestamp', 'When it was sent'),
      text('thread_id', 'The thread that it belongs to', { identifying: true }),
      field('reply_count', 'integer', 'How many replies it got', { minimum: 0 }),
      field('mentions', 'text_list', 'Who is mentioned', { identifying: true }),
      field('reactions', 'json', 'Reactions as the source gives them'),
    ],
    ['author_id'],
  ),
  builtin(
    'issue',
    'A piece of work in an issue tracker.',
    [
      text('title', 'Its title', { identifying: true }),
      text('description', 'What is to be done', { maxLength: 100_000, identifying: true }),
      text('state', 'Where it stands, as the source names it'),
      field('priority', 'integer', '0 none, 1 urgent to 4 low', { minimum: 0, maximum: 4 }),
      field('estimate', 'number', 'Estimated effort, in the unit of the source', { minimum: 0 }),
      text('project', 'The project'),
      text('team', 'The team'),
      reference('assignee', 'user', 'Who does it', { identifying: true }),
      reference('creator', 'user', 'Who asked for it', { identifying: true }),
      field('due_date', 'date', 'When it should be done'),
      field('labels', 'text_list', 'Its labels'),
      field('closed_at', 'timestamp', 'When it was closed'),
    ],
    ['assignee'],
  ),
  builtin(
    'task',
    'Something that a person has to do.',
    [
      text('title', 'Its title', { identifying: true }),
      text('project', 'The project'),
      reference('assignee', 'user', 'Who does it', { identifying: true }),
      field('due_date', 'date', 'When it should be done'),
      field('completed_at', 'timestamp', 'When it was done'),
      text('section', 'Part of the project'),
    ],
    ['assignee'],
  ),
  builtin('document', 'A written text.', [
    text('title', 'Its title', { identifying: true }),
    text('text', 'Its words', { maxLength: 1_000_000, identifying: true }),
    text('url', 'Where it is', { maxLength: 2048, identifying: true }),
    reference('author', 'user', 'Who wrote it', { identifying: true }),
    text('path', 'Its place among other documents', { maxLength: 2048, identifying: true }),
  ]),
];

type Options = Omit<FieldDefinition, 'name' | 'type' | 'description'>;

function builtin(
  name: string,
  description: string,
  fields: readonly FieldDefinition[],
  owner?: readonly string[],
  derived?: readonly DerivedField[],
): RecordTypeDefinition {
  return {
    name,
    description,
    origin: 'builtin',
    fields,
    ...(derived === undefined ? {} : { derived }),
    ...(owner === undefined ? {} : { owner }),
    revision: 1,
  };
}

function field(name: string, type: FieldType, description: string, options: Options = {}): FieldDefinition {
  return { name, type, description, ...options };
}

function text(name: string, description: string, options: Options = {}): FieldDefinition {
  return field(name, 'text', description, options);
}

function money(name: string, description: string, currency: string): FieldDefinition {
  return field(name, 'money', description, { currency });
}

function reference(name: string, references: string, description: string, options: Options = {}): FieldDefinition {
  return field(name, 'reference', description, { references, ...options });
}
