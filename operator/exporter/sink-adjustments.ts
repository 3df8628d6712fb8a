import { type BlockEdit, editBlock } from './block-edit.ts';
import { type Findings } from './finding.ts';
import { adjustKafka } from './kafka-adjustment.ts';
import { type Block } from './sink-block.ts';
import { type ExporterSink } from './sink-keys.ts';

/** A block after what differs between the exporter's sink and ours was put right. */
export interface AdjustedBlock {
  readonly block: Block;
  /** Fields of our sink beside those that the block becomes. */
  readonly extras: Readonly<Record<string, unknown>>;
}

/** Adjusts a block where the exporter's sink and ours are more apart than the names of their fields. */
export function adjustBlock(sink: ExporterSink, block: Block, findings: Findings): AdjustedBlock {
  const edit = editBlock(block, findings);
  adjustments[sink]?.(edit);
  return { block: edit.result, extras: edit.extras };
}

const adjustments: Partial<Record<ExporterSink, (edit: BlockEdit) => void>> = {
  kafka: adjustKafka,
  elasticsearch: adjustSearch,
  opensearch: adjustSearch,
  slack: adjustSlack,
  loki: adjustLoki,
  syslog: adjustSyslog,
  bigquery: adjustBigQuery,
  teams: adjustTeams,
  firehose(edit) {
    edit.extras.delimiter = '';
    edit.tell(
      'decision',
      '',
      'puts nothing between records, as the exporter does (delimiter: ""): take it out for one event on each line',
    );
  },
  stdout(edit) {
    edit.tell('difference', '', 'has stdout to itself: the log of the operator goes to stderr');
  },
  eventbridge(edit) {
    edit.tell(
      'difference',
      '',
      'counts an entry that EventBridge refuses as failed and tries it again; the exporter takes it for sent',
    );
  },
};

/** Credentials do not belong into addresses, which are shown. */
function adjustSearch(edit: BlockEdit): void {
  if (!edit.has('useEventID')) {
    edit.tell(
      'difference',
      '',
      'gives each document the key of its event as _id, so that what is sent twice is stored once (documentID: Generated for ids of the server)',
    );
  }
  if ((edit.text('indexFormat').match(/\{/g) ?? []).length > 1) {
    edit.tell(
      'difference',
      'indexFormat',
      'has several texts in braces, and each is a time here; the exporter formats all between the first { and the last } as one',
    );
  }
  if (edit.has('indexFormat')) {
    edit.tell(
      'difference',
      'indexFormat',
      'takes the time of the event, in UTC; the exporter takes its own local time',
    );
  }
  takeUserInfo(edit);
}

function takeUserInfo(edit: BlockEdit): void {
  const hosts = edit.list('hosts');
  const infos = new Set<string>();
  const plain = hosts.map((host) => {
    const [, scheme, info, rest] = /^([a-z]+:\/\/)([^/@]*)@(.*)$/i.exec(host) ?? [];
    if (scheme === undefined || info === undefined || rest === undefined) return host;
    infos.add(info);
    return `${scheme}${rest}`;
  });
  if (infos.size === 0) return;
  const [info = ''] = infos;
  const [user = '', ...password] = info.split(':');
  if (infos.size > 1 || password.length === 0 || edit.has('username') || edit.has('password')) {
    edit.tell(
      'warning',
      'hosts',
      'hold credentials of different kinds, which stay where they are, in plain text: use username and password instead',
    );
    return;
  }
  edit.set('hosts', plain);
  edit.set('username', decoded(user));
  edit.set('password', decoded(password.join(':')));
  edit.tell('decision', 'hosts', 'hold a user and a password, which became username and password');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function adjustSlack(edit: BlockEdit): void {
  if (edit.has('fields')) return;
  for (const key of ['title', 'color', 'author_name', 'footer']) {
    if (!edit.has(key)) continue;
    edit.remove(key);
    edit.tell(
      'warning',
      key,
      'is not shown by the exporter without `fields`, so it is left out: add `fields: {}` to have it shown',
    );
  }
}

function adjustLoki(edit: BlockEdit): void {
  edit.tell(
    'difference',
    '',
    'carries the time of the event; the exporter sends the second in which it pushes',
  );
  if (!edit.has('tls')) return;
  edit.tell(
    'warning',
    'tls',
    'is read and then not used by the exporter; it is used here: check that it fits the server',
  );
}

function adjustSyslog(edit: BlockEdit): void {
  edit.extras.format = 'RFC3164';
  edit.tell(
    'decision',
    '',
    'writes RFC 3164, a line for each event, as the exporter does nearly (format: RFC3164): RFC5424 says more',
  );
  edit.tell(
    'difference',
    '',
    'has the severity of the event, warning or informational; the exporter sends all as emergency',
  );
}

function adjustBigQuery(edit: BlockEdit): void {
  if (edit.has('max_retries')) {
    edit.remove('max_retries');
    const message = 'is left out: rows are sent again by age, for an hour by default (delivery.retry.maxAge)';
    edit.tell('difference', 'max_retries', message);
  }
  if (edit.has('timeout_seconds')) {
    const message =
      'is read and then not used by the exporter; it is used here: check that it is long enough';
    edit.tell('warning', 'timeout_seconds', message);
  }
}

/** The exporter shows three keys of a layout in a message of its own; our layout is the whole request. */
function adjustTeams(edit: BlockEdit): void {
  if (/^https:\/\/[^/]*\boffice(365)?\.com\//i.test(edit.text('endpoint'))) {
    edit.extras.format = 'MessageCard';
    const message = 'is an Office 365 connector, so messages are MessageCards, as those of the exporter';
    edit.tell('decision', 'endpoint', message);
  }
  edit.tell(
    'difference',
    '',
    'shows a card with a title, the message and a table of facts; the exporter a line of text',
  );
  const layout = edit.layout('layout');
  if (layout === undefined) return;
  edit.remove('layout');
  if (typeof layout.message === 'string') edit.extras.message = layout.message;
  const told =
    'is used by the exporter for its keys message, reason and metadata alone: its message is taken, and the rest is left out ' +
    '(title, facts and layout of an EventReceiver say more)';
  edit.tell('warning', 'layout', told);
}
