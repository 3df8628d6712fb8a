/** How many causes of causes are looked at. */
const maxDepth = 8;

/** Lists an error with all that it stands for: the errors of an AggregateError and the causes, nearest first. */
export function errorChain(thrown: unknown): unknown[] {
  const found: unknown[] = [];
  let level: unknown[] = [thrown];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const fresh = level.filter((error) => !found.includes(error));
    found.push(...fresh);
    level = fresh.flatMap(partsOf);
  }
  return found;
}

function partsOf(thrown: unknown): unknown[] {
  if (!isError(thrown)) return [];
  const { errors } = thrown as { errors?: unknown };
  const parts = Array.isArray(errors) ? (errors as unknown[]) : [];
  return thrown.cause === undefined ? parts : [...parts, thrown.cause];
}

/** Tells whether something thrown is an error, also one of another realm, which `instanceof` does not know. */
export function isError(thrown: unknown): thrown is Error {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { name, message } = thrown as Partial<Error>;
  return typeof name === 'string' && typeof message === 'string';
}

/** The code of an error as Node and undici give it (`ECONNREFUSED`); undefined when there is none. */
export function errorCode(thrown: unknown): string | undefined {
  const code: unknown = isError(thrown) ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
