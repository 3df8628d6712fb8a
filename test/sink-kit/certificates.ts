import { generate } from 'selfsigned';

/** A key with its certificate, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

const usages = [{ name: 'extKeyUsage' as const, serverAuth: true, clientAuth: true }];

/** Makes an authority. */
export async function createAuthority(name: string): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** Makes a certificate for names (DNS or 127.0.0.1) that an authority signed. */
export async function issue(
  authority: Pair,
  names: readonly string[],
  dates: { notBeforeDate?: Date; notAfterDate?: Date } = {},
): Promise<Pair> {
  const altNames = names.map((name) =>
    /^[\d.]+$/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? 'client' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: authority,
    extensions: [...usages, ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : [])],
    ...dates,
  });
  return { cert, key };
}
