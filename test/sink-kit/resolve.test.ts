import { Type } from '@sinclair/typebox';

import { Duration, OneOf, Quantity, Secret, Text } from '../../operator/schema/fields.ts';
import { resolveConfig, secretRefs } from '../../operator/sink-kit/resolve.ts';
import { SecretMap, SecretTls } from '../../operator/sink-kit/secret-fields.ts';
import { Layout, Template } from '../../operator/sink-kit/template-fields.ts';
import { sinkEvent } from '../sinks/sink-event.ts';

const description = 'D.';
const schema = Type.Object({
  token: Type.Optional(Secret({ description })),
  message: Type.Optional(Template({ description, default: '{{ .Reason }}' })),
  color: Type.Optional(OneOf(['red', 'blue'], { description, default: 'red' })),
  timeout: Type.Optional(Duration({ description, default: '5s' })),
  size: Type.Optional(Quantity({ description })),
  layout: Type.Optional(Layout({ description })),
  headers: Type.Optional(Type.Record(Type.String(), Template({ description }))),
  headersSecretRef: Type.Optional(SecretMap({ description })),
  tls: Type.Optional(Type.Object({ secretRef: Type.Optional(SecretTls({ description })) })),
  accounts: Type.Optional(
    Type.Array(Type.Object({ name: Text({ description }), password: Secret({ description }) })),
  ),
});
const path = 'spec.sink.test';
const stored: Record<string, Record<string, string>> = {
  slack: { token: 'xoxb-1\n', empty: '\n', other: 'o' },
  headers: { 'X-Key': 'k\r\n' },
  tls: { 'ca.crt': 'CA', 'tls.key': 'KEY', more: 'm' },
  nothing: {},
};
const secret = (name: string) => stored[name];
const resolve = (written: unknown) => resolveConfig({ schema, written, path, secret });

function configOf(written: unknown) {
  const resolved = resolve(written);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return resolved;
}

function problemsOf(written: unknown) {
  const resolved = resolve(written);
  return 'problems' in resolved ? resolved.problems : [];
}

describe('resolving a configuration', () => {
  it('puts defaults in and reads durations and sizes', () => {
    const { config } = configOf({ size: '5Mi' });

    expect(config).toMatchObject({ color: 'red', timeout: 5_000, size: 5 * 1024 ** 2 });
    expect(config.message?.render(sinkEvent())).toBe('BackOff');
    expect(config).not.toHaveProperty('token');
    expect(configOf({ size: 100, timeout: '1m30s' }).config).toMatchObject({ size: 100, timeout: 90_000 });
  });

  it('takes null for absent', () => {
    expect(configOf({ token: null, timeout: null, headers: null }).config).toMatchObject({ timeout: 5_000 });
  });

  it('takes a credential in plain text or from a Secret, without the line break at its end', () => {
    expect(configOf({ token: 'plain' })).toMatchObject({ config: { token: 'plain' }, secrets: ['plain'] });
    expect(configOf({ tokenSecretRef: { name: 'slack', key: 'token' } })).toMatchObject({
      config: { token: 'xoxb-1' },
      secrets: ['xoxb-1'],
    });
  });

  it('resolves credentials inside of lists', () => {
    const { config, secrets } = configOf({
      accounts: [
        { name: 'a', password: 'p1' },
        { name: 'b', passwordSecretRef: { name: 'slack', key: 'other' } },
      ],
    });

    expect(config.accounts).toEqual([
      { name: 'a', password: 'p1' },
      { name: 'b', password: 'o' },
    ]);
    expect(secrets).toEqual(['p1', 'o']);
  });

  it('takes whole Secrets for headers and TLS', () => {
    const { config, secrets } = configOf({
      headersSecretRef: { name: 'headers' },
      tls: { secretRef: { name: 'tls' } },
    });

    expect(config.headersSecretRef).toEqual({ 'X-Key': 'k' });
    expect(config.tls?.secretRef).toEqual({ 'ca.crt': 'CA', 'tls.key': 'KEY' });
    expect(secrets).toEqual(['k', 'KEY']);
  });

  it('compiles templates, layouts and records of templates', () => {
    const { config } = configOf({
      message: '{{ .Reason }}: {{ .InvolvedObject.Name }}',
      layout: { a: ['{{ .Type }}', 5, null], b: true },
      headers: { 'X-Key': '{{ .idempotencyKey }}'.replace('idempotencyKey', 'Name'), __proto__x: 'c' },
    });

    expect(config.message?.render(sinkEvent())).toBe('BackOff: web-1');
    expect(config.message?.constant).toBeUndefined();
    expect(config.headers?.__proto__x?.constant).toBe('c');
    expect(config.headers?.['X-Key']?.render(sinkEvent())).toBe('web-1.17');
    expect(config.layout?.render(sinkEvent())).toEqual({ a: ['Warning', 5, null], b: true });
  });

  it('rejects an event for which a template fails, and says which field', () => {
    const { config } = configOf({ message: '{{ .Series.Count }}' });

    expect(() => config.message?.render(sinkEvent())).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
    );
    expect(() => config.message?.render(sinkEvent())).toThrow(
      /^spec\.sink\.test\.message failed on this event: /,
    );
  });
});

describe('problems of a configuration', () => {
  it.each([
    [
      { tokenSecretRef: { name: 'gone', key: 'token' } },
      'SecretNotFound',
      'spec.sink.test.tokenSecretRef',
      'names the Secret gone, which does not exist in this namespace or may not be read',
    ],
    [
      { tokenSecretRef: { name: 'slack', key: 'tokn' } },
      'SecretKeyNotFound',
      'spec.sink.test.tokenSecretRef',
      'names the key tokn of Secret slack, which holds token, empty, other',
    ],
    [
      { tokenSecretRef: { name: 'slack', key: 'constructor' } },
      'SecretKeyNotFound',
      'spec.sink.test.tokenSecretRef',
      'names the key constructor of Secret slack, which holds token, empty, other',
    ],
    [
      { tokenSecretRef: { name: 'slack', key: 'empty' } },
      'SecretKeyNotFound',
      'spec.sink.test.tokenSecretRef',
      'names the key empty of Secret slack, which is empty',
    ],
    [
      { token: 'a', tokenSecretRef: { name: 'slack', key: 'token' } },
      'InvalidSpec',
      'spec.sink.test.token',
      'sets both `token` and `tokenSecretRef`; keep one of them',
    ],
    [
      { tls: { secretRef: { name: 'nothing' } } },
      'SecretKeyNotFound',
      'spec.sink.test.tls.secretRef',
      'names the Secret nothing, which has none of ca.crt, tls.crt and tls.key: it holds no keys',
    ],
    [
      { timeout: 'soon' },
      'InvalidSpec',
      'spec.sink.test.timeout',
      'must be a duration such as 10s, 5m or 1h30m',
    ],
  ])('tells %j', (written, ...[reason, path, message]) => {
    expect(problemsOf(written)).toEqual([{ path, reason, message }]);
  });

  it('tells every template that does not compile, with its place', () => {
    const problems = problemsOf({
      message: 'a\n{{ .Nope }}',
      layout: { a: { b: '{{ end }}' }, c: ['{{ nofunc }}'] },
      headers: { 'X-Key': '{{' },
    });

    expect(problems.map((problem) => problem.path).sort()).toEqual([
      'spec.sink.test.headers.X-Key',
      'spec.sink.test.layout.a.b',
      'spec.sink.test.layout.c[0]',
      'spec.sink.test.message',
    ]);
    expect(problems.every(({ reason }) => reason === 'InvalidTemplate')).toBe(true);
    expect(problems.find(({ path }) => path.endsWith('message'))?.message).toMatch(/line 2/);
  });
});

describe('the references of a configuration', () => {
  it('lists every Secret with path and key, without reading any', () => {
    const written = {
      tokenSecretRef: { name: 'slack', key: 'token' },
      headersSecretRef: { name: 'headers' },
      tls: { secretRef: { name: 'tls' } },
      accounts: [{ name: 'a', passwordSecretRef: { name: 'p', key: 'k' } }],
      message: '{{',
    };

    expect(secretRefs(schema, written, 'sink')).toEqual([
      { path: 'sink.tokenSecretRef', name: 'slack', key: 'token' },
      { path: 'sink.headersSecretRef', name: 'headers' },
      { path: 'sink.tls.secretRef', name: 'tls' },
      { path: 'sink.accounts[0].passwordSecretRef', name: 'p', key: 'k' },
    ]);
  });
});
