/** Makes plain data of what a sink sends: bytes become text, and JSON, also inside of texts, becomes what it says. */
export function readDocument(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return readText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  return depth > maxDepth ? undefined : readObject(value, depth + 1);
}

function readObject(value: object, depth: number): unknown {
  if (value instanceof Uint8Array) return readBytes(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => readDocument(item, depth));
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);
  const read = entries.map(([key, entry]) => [String(key), readDocument(entry, depth)] as const);
  return Object.fromEntries(read.filter(([, entry]) => entry !== undefined));
}

const maxDepth = 32;

function readText(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return text;
  const whole = parse(trimmed);
  if (whole !== undefined) return whole;
  const lines = trimmed.split('\n').map(parse);
  return lines.length > 1 && lines.every((line) => line !== undefined) ? lines : text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function readBytes(bytes: Uint8Array): unknown {
  try {
    return readText(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return `base64:${Buffer.from(bytes).toString('base64')}`;
  }
}
