import { DeliveryError, formatGoTime, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';

/** Where documents go, as the user wrote it. */
interface IndexConfig {
  readonly index?: TextTemplate;
  readonly indexFormat?: TextTemplate;
}

/** The name of the index, alias or data stream. */
export interface IndexName {
  /** The name for an event; throws for one that cannot be an index. */
  nameFor(event: SinkEvent): string;
  /** The name for events of a time; undefined when it depends on more of an event than that. */
  nameAt(time: Date): string | undefined;
}

const longestNameBytes = 255;

/**
 * Makes the name of the index.
 * @throws DeliveryError (permanent, InvalidConfig) without a name, or with one that can never be an index.
 */
export function createIndexName({ index, indexFormat }: IndexConfig, now = new Date()): IndexName {
  const isDated = isWritten(indexFormat);
  const template = isDated ? indexFormat : index;
  if (!isWritten(template)) {
    throw DeliveryError.permanent('names no index: set `index` or `indexFormat`', 'InvalidConfig');
  }
  const name = (text: string, time: Date): string =>
    isDated ? dated(text, time).toLowerCase() : template.constant === undefined ? text.toLowerCase() : text;
  const field = isDated ? 'indexFormat' : 'index';
  const nameAt = (time: Date): string | undefined =>
    template.constant === undefined ? undefined : name(template.constant, time);
  const first = nameAt(now);
  const problem = first === undefined ? undefined : whyNoIndex(first);
  if (problem !== undefined) {
    throw DeliveryError.permanent(`${field} gives ${quote(first)}, which ${problem}`, 'InvalidConfig');
  }
  let lastGood = first;
  return {
    nameAt,
    nameFor: (event) => {
      const result = name(template.constant ?? template.render(event), event.time);
      if (result === lastGood) return result;
      const reason = whyNoIndex(result);
      if (reason !== undefined) {
        throw DeliveryError.permanent(
          `${field} gives ${quote(result)} for this event, which ${reason}`,
          'RenderFailed',
        );
      }
      lastGood = result;
      return result;
    },
  };
}

function isWritten(template: TextTemplate | undefined): template is TextTemplate {
  return template !== undefined && template.constant !== '';
}

/** The exporter took the text from the first `{` to the last `}` for one layout, and the time of sending for the event's. */
function dated(text: string, time: Date): string {
  return text.replace(/\{([^{}]*)\}/g, (_, layout: string) => formatGoTime(time, layout));
}

/** Tells why a name cannot be that of an index, by the rules that both servers share; undefined when it can. */
function whyNoIndex(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name !== name.toLowerCase()) return 'has capital letters: the names of indices are in lower case';
  if (/[\\/*?"<>|\s,#:\u0000-\u001f]/.test(name)) {
    return 'holds a character that names of indices may not have: white space or one of \\ / * ? " < > | , # :';
  }
  if (/^([-_+]|\.{1,2}$)/.test(name)) return 'begins with - _ or +, or is . or ..';
  return Buffer.byteLength(name) > longestNameBytes ? `is longer than ${longestNameBytes} bytes` : undefined;
}

function quote(name = ''): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}
