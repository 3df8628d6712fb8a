import { timeFromDate } from '../template/go-time.ts';
import { formatTime } from '../template/time-layout.ts';

/** Writes a moment, in UTC, by a Go time layout such as `2006-01-02`. */
export function formatGoTime(time: Date, layout: string): string {
  return formatTime(timeFromDate(time), layout);
}
