import { type BlockEdit } from './block-edit.ts';

const codecs: ReadonlySet<string> = new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']);
const mechanisms: ReadonlyMap<unknown, string> = new Map([
  ['sha256', 'scram-sha-256'],
  ['sha512', 'scram-sha-512'],
]);

/** Adjusts the block of the Kafka sink. */
export function adjustKafka(edit: BlockEdit): void {
  for (const key of ['tls', 'sasl'] as const) keepIfEnabled(edit, key);
  renameMechanism(edit);
  const codec = edit.text('compressionCodec');
  if (codec !== '' && !codecs.has(codec)) {
    edit.remove('compressionCodec');
    const message = `is none that the exporter knows, which then does not compress: write one of ${[...codecs].join(', ')}`;
    edit.tell('warning', 'compressionCodec', message);
  }
  if (edit.has('layout') && edit.has('avro')) {
    edit.remove('avro');
    const message = 'is not used by the exporter beside a layout, and so it is here: take one of them out';
    edit.tell('warning', 'avro', message);
  }
  if (edit.has('version')) {
    edit.remove('version');
    edit.tell(
      'decision',
      'version',
      'is left out: the version of the protocol is agreed on with the brokers',
    );
  }
  edit.extras.createTopic = true;
  edit.tell(
    'decision',
    '',
    'lets the brokers create a missing topic, as the exporter does (createTopic: true)',
  );
  const waits =
    'waits until all replicas in sync have an event; the exporter waits for the leader alone (acks: Leader)';
  edit.tell('difference', '', waits);
}

function renameMechanism(edit: BlockEdit): void {
  const sasl = edit.inner('sasl');
  const mechanism = sasl?.values.get('mechanism');
  const known = mechanism?.kind === 'plain' ? mechanisms.get(mechanism.value) : undefined;
  if (sasl === undefined || known === undefined) return;
  edit.setInner('sasl', sasl, new Map(sasl.values).set('mechanism', { kind: 'plain', value: known }));
}

/** The exporter uses these blocks with `enable: true` only; ours have it by default. */
function keepIfEnabled(edit: BlockEdit, key: 'tls' | 'sasl'): void {
  const block = edit.inner(key);
  if (block === undefined) return;
  const enable = block.values.get('enable');
  const others = new Map(block.values);
  others.delete('enable');
  if (enable?.kind === 'plain' && enable.value === true) {
    edit.setInner(key, block, others);
    return;
  }
  edit.remove(key);
  if (others.size > 0) {
    edit.tell(
      'warning',
      key,
      'is used by the exporter with `enable: true` only, so it is left out: set that, or take the block out',
    );
  }
}
