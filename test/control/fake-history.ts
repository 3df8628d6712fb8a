import { type History } from '../../operator/control/history.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';

/** What an API server holds, told at once. */
export class FakeHistory implements History {
  readonly events: Occurrence[] = [];

  replay({ after, onOccurrence }: Parameters<History['replay']>[0]): ReturnType<History['replay']> {
    for (const occurrence of this.events) {
      if (this.compare(occurrence.position, after) > 0) void onOccurrence(occurrence);
    }
    const upTo = this.events.at(-1)?.position ?? '0';
    return Promise.resolve({ upTo, reachesBack: true, isWhole: true });
  }

  compare(one: string, other: string): number {
    return Number(one) - Number(other);
  }
}
