/** `issue-invoice` → `IssueInvoice` */
export const pascal = (name: string) => name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

/** `issue-invoice` → `issueInvoice` */
export const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, first: string) => first.toUpperCase());

/** `issue-invoice` → `issue_invoice` */
export const snake = (name: string) => name.replaceAll('-', '_');

/** `issue-invoice` → `issue invoice` */
export const spoken = (name: string) => name.replaceAll('-', ' ');

/** `order` → `an order` */
export const one = (noun: string) => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${spoken(noun)}`;

export function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

export function singular(noun: string): string {
  if (noun.endsWith('ies')) return `${noun.slice(0, -3)}y`;
  if (/(?:ss|x|z|ch|sh)es$/.test(noun)) return noun.slice(0, -2);
  return /[^sui]s$/.test(noun) ? noun.slice(0, -1) : noun;
}

const IRREGULAR: Readonly<Record<string, string>> = {
  begin: 'begun',
  bring: 'brought',
  build: 'built',
  buy: 'bought',
  choose: 'chosen',
  cut: 'cut',
  draw: 'drawn',
  feed: 'fed',
  find: 'found',
  forget: 'forgotten',
  get: 'got',
  give: 'given',
  hold: 'held',
  keep: 'kept',
  lead: 'led',
  lend: 'lent',
  lose: 'lost',
  make: 'made',
  meet: 'met',
  pay: 'paid',
  put: 'put',
  read: 'read',
  sell: 'sold',
  send: 'sent',
  set: 'set',
  shut: 'shut',
  spend: 'spent',
  split: 'split',
  take: 'taken',
  tell: 'told',
  withdraw: 'withdrawn',
  write: 'written',
};
/** Verbs of more than one syllable that double their last letter all the same. */
const DOUBLED = /(?:cancel|label|refer|submit|commit|permit|transfer|travel)$/;
const ONE_SYLLABLE = /^[^aeiou]*[aeiou][bdgklmnprt]$/;

/** `issue` → `issued`, `send` → `sent` */
export function past(verb: string): string {
  const irregular = IRREGULAR[verb];
  if (irregular) return irregular;
  if (verb.endsWith('e')) return `${verb}d`;
  if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ied`;
  return DOUBLED.test(verb) || ONE_SYLLABLE.test(verb) ? `${verb}${verb.at(-1)}ed` : `${verb}ed`;
}
