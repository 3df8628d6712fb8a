import { nearMiss } from '../schema/validate.ts';
import { type Findings, type Place } from './finding.ts';
import { type MadeReceiver, type WrittenReceiver } from './receiver.ts';

/** What names of receivers are looked up in. */
export interface LookUpParts {
  readonly receivers: readonly MadeReceiver[];
  readonly written: readonly WrittenReceiver[];
  /** Collects the names that rules name. */
  readonly used: Set<string>;
  readonly findings: Findings;
}

/** Creates what finds the EventReceiver that a rule's receiver became, and tells why there is none. */
export function createReceiverLookUp({
  receivers,
  written,
  used,
  findings,
}: LookUpParts): (name: string, place: Place) => string | undefined {
  const made = new Map(receivers.map((receiver) => [receiver.written, receiver.object.metadata.name]));
  const known = written.map(({ name }) => name);
  return (name: string, place: Place): string | undefined => {
    if (used.has(name) && made.has(name)) {
      const message = `names ${name} once more: an event reaches it once here, however many rules match; the exporter sends once for each`;
      findings.add('difference', place, message);
    }
    used.add(name);
    const object = made.get(name);
    if (object !== undefined) return object;
    const near = known.includes(name) ? undefined : nearMiss(name, known);
    const message = known.includes(name)
      ? `names ${name}, which cannot be used (see there): the rule is kept without it`
      : `names ${name}, which is no receiver of this file: the exporter sends it nothing, and so the rule is kept without it` +
        (near === undefined ? '' : `; did you mean \`${near}\`?`);
    findings.add(known.includes(name) ? 'advice' : 'warning', place, message);
    return undefined;
  };
}
