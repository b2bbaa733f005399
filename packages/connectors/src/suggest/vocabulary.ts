/** What a record type is called elsewhere. */
export const typeSynonyms = (type: string): readonly string[] => ownEntry(TYPE_WORDS, type) ?? [];

/** What a field is called elsewhere, those of its type first. */
export const fieldSynonyms = (type: string, field: string): readonly string[] =>
  [type, '*'].flatMap((scope) => ownEntry(ownEntry(FIELD_WORDS, scope) ?? {}, field) ?? []);

/** Types and fields may be called like what every object has, such as `constructor`. */
const ownEntry = <T>(words: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(words, name) ? words[name] : undefined;

/** In the singular. */
const TYPE_WORDS: Readonly<Record<string, readonly string[]>> = {
  deal: ['deal', 'opportunity', 'sale', 'pipeline', 'quote'],
  company: ['company', 'account', 'customer', 'client', 'organisation', 'organization', 'business'],
  contact: ['contact', 'person', 'lead'],
  user: ['user', 'sales agent', 'agent', 'sales rep', 'rep', 'salesperson', 'seller', 'owner', 'employee', 'team'],
  product: ['product', 'item', 'sku', 'article'],
  call: ['call', 'meeting', 'conversation'],
  call_transcript: ['transcript', 'call transcript'],
  message: ['message', 'chat', 'post'],
  issue: ['issue', 'ticket', 'bug', 'story'],
  task: ['task', 'todo', 'activity'],
  document: ['document', 'doc', 'page', 'article', 'file'],
};

/** By type; `*` holds for every type. The field's own name need not be here. */
const FIELD_WORDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  '*': {
    name: ['title', 'full name', 'display name'],
    title: ['name', 'subject', 'headline'],
    email: ['e mail', 'mail', 'email address'],
    country: ['office location', 'location', 'nation', 'country name'],
    region: ['state', 'province', 'territory'],
    city: ['town'],
    url: ['link', 'web address'],
    assignee: ['assigned to', 'owner', 'responsible'],
    due_date: ['due', 'deadline', 'due on'],
    currency: ['currency code', 'iso currency'],
    description: ['body', 'details', 'text'],
  },
  deal: {
    name: ['deal name', 'opportunity name', 'title'],
    stage: ['deal stage', 'pipeline stage', 'step', 'phase'],
    status: ['outcome', 'result', 'state'],
    amount: ['close value', 'deal value', 'value', 'price', 'deal amount', 'total', 'revenue'],
    owner: ['sales agent', 'agent', 'sales rep', 'rep', 'salesperson', 'seller', 'deal owner', 'assigned to'],
    source: ['lead source', 'origin'],
    deal_type: ['type', 'opportunity type'],
    product: ['product name', 'item', 'product id'],
    created_on: ['created', 'created at', 'create date', 'created date', 'creation date', 'opened'],
    engaged_on: ['engaged', 'engage date', 'engaged at', 'engagement date'],
    close_date: ['closed', 'closed at', 'closing date', 'expected close', 'expected close date', 'closed on'],
    contact_id: ['contact', 'contact name', 'person', 'customer contact'],
    company_id: ['company', 'account', 'customer', 'client', 'organisation', 'organization', 'company name', 'account name', 'account id'],
  },
  company: {
    name: ['company', 'account', 'company name', 'account name', 'customer', 'organisation', 'organization'],
    domain: ['website', 'web site', 'url', 'homepage'],
    industry: ['sector', 'vertical', 'branch'],
    annual_revenue: ['revenue', 'turnover', 'yearly revenue', 'sales'],
    employees: ['headcount', 'number of employees', 'employee count', 'staff', 'size'],
    founded_year: ['year established', 'founded', 'founded in', 'year founded', 'established', 'foundation year'],
    parent_id: ['parent', 'subsidiary of', 'parent company', 'parent account', 'owned by'],
  },
  contact: {
    first_name: ['given name', 'forename', 'firstname'],
    last_name: ['surname', 'family name', 'lastname'],
    phone: ['telephone', 'mobile', 'phone number', 'tel'],
    job_title: ['position', 'role', 'title', 'job'],
    company_id: ['company', 'account', 'company name', 'account name', 'employer', 'organisation', 'organization'],
  },
  user: {
    name: ['sales agent', 'agent', 'sales rep', 'rep', 'user', 'salesperson', 'seller', 'full name'],
    team: ['group', 'department', 'squad'],
    manager: ['boss', 'supervisor', 'team lead', 'reports to'],
    office: ['regional office', 'branch', 'location', 'region'],
  },
  product: {
    name: ['product', 'product name', 'item'],
    series: ['family', 'product line', 'line', 'category', 'group'],
    list_price: ['sales price', 'price', 'unit price', 'catalog price'],
  },
  call: {
    started_at: ['start', 'start time', 'started', 'call time', 'date'],
    duration_seconds: ['duration', 'length', 'call duration'],
    host_id: ['host', 'caller', 'owner', 'agent'],
  },
  message: {
    channel_id: ['channel'],
    author_id: ['author', 'user', 'sender', 'from'],
    sent_at: ['sent', 'time', 'timestamp', 'date', 'posted at'],
    text: ['message', 'body', 'content'],
  },
  issue: {
    state: ['status'],
    labels: ['tags'],
    closed_at: ['closed', 'resolved at', 'resolved'],
    creator: ['reporter', 'author', 'created by'],
  },
  task: { completed_at: ['completed', 'done at', 'finished at'] },
  document: { author: ['owner', 'created by'], path: ['folder', 'location'], text: ['content', 'body'] },
};

/** Words for industries as they are spelt, against which misspelt ones are held. */
export const INDUSTRIES: readonly string[] = [
  'aerospace',
  'agriculture',
  'automotive',
  'banking',
  'biotechnology',
  'chemicals',
  'construction',
  'consulting',
  'education',
  'employment',
  'energy',
  'entertainment',
  'finance',
  'government',
  'healthcare',
  'hospitality',
  'insurance',
  'logistics',
  'manufacturing',
  'marketing',
  'media',
  'medical',
  'pharmaceuticals',
  'real estate',
  'retail',
  'services',
  'software',
  'technology',
  'telecommunications',
  'transportation',
];

let countries: readonly string[] | undefined;

/** Names of countries in English, by the region codes of ISO 3166 that the runtime knows; asked for once. */
export function countryNames(): readonly string[] {
  countries ??= readCountryNames();
  return countries;
}

function readCountryNames(): readonly string[] {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return letters.flatMap((first) => letters.flatMap((second) => names.of(first + second) ?? []));
}
