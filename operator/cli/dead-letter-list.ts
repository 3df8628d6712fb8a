import { keyText, type CustomResource } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { formatDuration } from '../schema/duration.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';

type Receiver = CustomResource<ReceiverStatus>;

const header = ['RECEIVER', 'KEY', 'AGE', 'ATTEMPTS', 'OBJECT', 'EVENT', 'REASON', 'MESSAGE'];

/** Writes the dead letters of receivers as a table, latest first. */
export function formatDeadLetters(receivers: readonly Receiver[], now: Date): string {
  const rows = receivers.flatMap(({ metadata, status }) =>
    (status?.deadLetters ?? []).map((letter) => {
      const { key, lastTime, attempts, involvedObject, event, reason, message } = letter;
      const age = formatDuration(now.getTime() - Date.parse(lastTime));
      return [keyText(metadata), key, age, String(attempts), involvedObject, event, reason, message].map(
        printable,
      );
    }),
  );
  const table = [header, ...rows];
  const widths = header.map((_, index) => Math.max(...table.map((row) => row[index]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** Gives the dead letters of receivers as data, each with its receiver. */
export function deadLetterRecords(
  receivers: readonly Receiver[],
): readonly Readonly<Record<string, unknown>>[] {
  return receivers.flatMap(({ metadata, status }) =>
    (status?.deadLetters ?? []).map((letter) => ({ receiver: keyText(metadata), ...letter })),
  );
}

/** Says where more dead letters are held than a status lists. */
export function unlisted(receivers: readonly Receiver[]): string[] {
  return receivers.flatMap(({ metadata, status }) => {
    const listed = status?.deadLetters?.length ?? 0;
    const held = status?.deadLettersHeld ?? 0;
    return held > listed
      ? [`Shown are the latest ${listed} of ${held} dead letters of ${keyText(metadata)}`]
      : [];
  });
}
