/** A Secret as a manifest gives it. */
export interface SecretManifest {
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** Decodes the keys of a Secret; `stringData` goes before `data`, as at the API server. */
export function decodeSecret({ data, stringData }: SecretManifest): Readonly<Record<string, string>> {
  const decoded = Object.entries(data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ]);
  return { ...(Object.fromEntries(decoded) as Record<string, string>), ...stringData };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Finds what is wrong with the values of a Secret, by the path of the field; values are never told. */
export function checkSecret(
  secret: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly message: string } | undefined {
  for (const field of ['data', 'stringData'] as const) {
    const values = secret[field] ?? {};
    const isTextMap =
      typeof values === 'object' &&
      !Array.isArray(values) &&
      Object.values(values).every((value) => typeof value === 'string');
    if (!isTextMap) return { path: field, message: `has a ${field} that is no map of texts` };
  }
  for (const [key, value] of Object.entries((secret['data'] ?? {}) as Record<string, string>)) {
    if (base64.test(value.replaceAll(/\s/g, ''))) continue;
    const path = `data[${JSON.stringify(key)}]`;
    return { path, message: `has ${path}, which is not Base64: plain text belongs in stringData` };
  }
  return undefined;
}
