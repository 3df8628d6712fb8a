type Data = Readonly<Record<string, unknown>>;

/** Milliseconds from 1970 of Go's zero time, wrapped as the exporter's arithmetic does when an Event has no time. */
const zeroTimeMs = -6_795_364_578_871;

const timeOf = (data: Data): number | undefined => {
  for (const key of ['firstTimestamp', 'eventTime']) {
    const text = data[key];
    const ms = typeof text === 'string' ? Date.parse(text) : NaN;
    if (!Number.isNaN(ms)) return ms;
  }
  return undefined;
};

/** The exporter's GetTimestampMs: milliseconds of firstTimestamp, else of eventTime. */
export const timestampMs = (data: Data): number => timeOf(data) ?? zeroTimeMs;

/** The exporter's GetTimestampISO8601: the same moment, as `2006-01-02T15:04:05.000Z`. */
export function timestampIso8601(data: Data): string {
  const ms = timeOf(data);
  return ms === undefined ? '0001-01-01T00:00:00.000Z' : new Date(ms).toISOString();
}
