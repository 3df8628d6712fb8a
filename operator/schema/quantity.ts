const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** What a byte size looks like, for schemas: `512Ki`, `5Mi`, `1048576`, `1M`. */
export const quantityPattern = '^[0-9]+(\\.[0-9]+)?(k|M|G|Ki|Mi|Gi)?$';

/**
 * Reads a byte size as a Kubernetes quantity.
 * @returns bytes, or undefined when the text is no such quantity, or more bytes than can be counted.
 */
export function parseQuantity(text: string): number | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * (factors[match[2] ?? ''] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
