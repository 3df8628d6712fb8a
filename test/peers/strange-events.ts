import { type SinkEvent } from '../../operator/sink-kit/index.ts';
import { sinkEvent } from '../sinks/sink-event.ts';

/** Events whose texts tend to get lost or changed on the way. */
export function strangeEvents(): SinkEvent[] {
  const now = Date.now();
  const at = (offsetMs: number): string => new Date(now + offsetMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const messages = [
    'Back-off restarting failed container',
    'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend',
    '',
    `${'x'.repeat(3_000)} end`,
    '] "]" \\] %20 {{ .Message }}',
  ];
  return messages.map((message, index) =>
    sinkEvent({
      metadata: {
        name: `strange-${index}`,
        namespace: 'shop',
        uid: `uid-${now}-${index}`,
        labels: { 'app.kubernetes.io/name': 'ä"b' },
        creationTimestamp: null,
      },
      message,
      count: index + 1,
      type: index % 2 === 0 ? 'Warning' : 'Normal',
      firstTimestamp: at(-60_000),
      lastTimestamp: at(index * 1_000 - 30_000),
    }),
  );
}
