/** An EventReceiver that a rule names. */
export interface ReceiverRef {
  readonly namespace: string;
  readonly name: string;
}

/** Writes the key of a receiver or route: `namespace/name`. */
export function refKey({ namespace, name }: ReceiverRef): string {
  return `${namespace}/${name}`;
}

/**
 * Reads a receiver as a rule names it: `name` in the route's own namespace, or `namespace/name`.
 * @returns undefined when the text is neither.
 */
export function readReceiver(written: string, ownNamespace: string): ReceiverRef | undefined {
  const parts = written.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2 || first === '' || second === '' || /\s/.test(written)) return undefined;
  return second === undefined ? { namespace: ownNamespace, name: first } : { namespace: first, name: second };
}
