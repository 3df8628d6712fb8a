import { type Log, type LogFields } from '../../operator/telemetry/log.ts';

/** A log that remembers its lines. */
export interface RecordingLog extends Log {
  readonly lines: { level: keyof Log; message: string; fields: LogFields | undefined }[];
  messages(level?: keyof Log): string[];
}

/** Creates a log that remembers its lines. */
export function createRecordingLog(): RecordingLog {
  const lines: RecordingLog['lines'] = [];
  const at = (level: keyof Log) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  return {
    lines,
    messages: (level) => lines.filter((line) => !level || line.level === level).map(({ message }) => message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
