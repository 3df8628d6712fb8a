import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadCredentials } from '../../operator/kube/kubeconfig.ts';

describe('the way to the API server', () => {
  let home: string;
  const nowhere = '/nowhere';

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'eventroute-kubeconfig-'));
  });

  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  const kubeconfig = (
    name: string,
    user: object,
    more: { server?: string; namespace?: string } = {},
  ): object => ({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: more.server ?? `https://${name}:6443/` } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: more.namespace } }],
  });
  const write = (file: string, content: object | string): string => {
    const path = join(home, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const load = (options: object): ReturnType<typeof loadCredentials> =>
    loadCredentials({ env: {}, home, serviceAccountDirectory: nowhere, ...options });

  it('is the file of the option, before KUBECONFIG, the ServiceAccount and the home folder', () => {
    const given = write('given', kubeconfig('given', {}));
    const env = { KUBECONFIG: write('env', kubeconfig('env', {})), KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    write('.kube/config', kubeconfig('home', {}));
    write('sa/token', 'token');
    const serviceAccountDirectory = join(home, 'sa');

    expect(load({ kubeconfig: given, env, serviceAccountDirectory }).server).toBe('https://given:6443');
    expect(load({ env, serviceAccountDirectory }).server).toBe('https://env:6443');
    expect(load({ env: { ...env, KUBECONFIG: '' }, serviceAccountDirectory }).server).toBe(
      'https://10.0.0.1:443',
    );
    expect(load({ serviceAccountDirectory }).server).toBe('https://home:6443');
  });

  it('reads the token, authority and namespace of a Pod', async () => {
    write('token', 'first\n');
    write('ca.crt', 'authority');
    write('namespace', 'payments\n');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const credentials = load({ env, serviceAccountDirectory: home });

    expect(credentials).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'payments' });
    expect(await credentials.authorize()).toEqual({
      headers: { Authorization: 'Bearer first' },
      ca: Buffer.from('authority'),
    });
  });

  it('reads a rotated token when the old one was refused', async () => {
    write('token', 'old');
    write('ca.crt', 'authority');
    const credentials = load({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, serviceAccountDirectory: home });
    await credentials.authorize();
    write('token', 'new');

    expect(credentials.refresh()).toBe(true);
    expect((await credentials.authorize()).headers).toEqual({ Authorization: 'Bearer new' });
    expect(credentials.refresh()).toBe(false);
  });

  it('takes a context by name, and the first of two files that name the same', () => {
    const first = write('first', kubeconfig('shared', {}, { server: 'https://one', namespace: 'team' }));
    const second = write('second', kubeconfig('shared', {}, { server: 'https://two' }));
    const third = write('third', kubeconfig('other', {}));
    const env = { KUBECONFIG: [first, second, third, '/nowhere/x'].join(':') };

    expect(load({ env })).toMatchObject({ server: 'https://one', namespace: 'team' });
    expect(load({ env, context: 'other' })).toMatchObject({
      server: 'https://other:6443',
      namespace: 'default',
    });
    expect(() => load({ env, context: 'typo' })).toThrow(
      'the kubeconfig has no context typo: choose one of its contexts (shared, other)',
    );
  });

  it.each([
    ['a token', { token: 'secret' }, { Authorization: 'Bearer secret' }],
    ['a password', { username: 'me', password: 'secret' }, { Authorization: 'Basic bWU6c2VjcmV0' }],
    ['an exec plugin', { exec: plugin('{"status":{"token":"made"}}') }, { Authorization: 'Bearer made' }],
  ])('authorises by %s', async (_what, user, headers) => {
    const credentials = load({ kubeconfig: write('config', kubeconfig('c', user)) });
    expect((await credentials.authorize()).headers).toEqual(headers);
  });

  it('authorises by a token file, relative to the kubeconfig', async () => {
    write('a-token', 'from file');
    const credentials = load({ kubeconfig: write('config', kubeconfig('c', { tokenFile: 'a-token' })) });
    expect((await credentials.authorize()).headers).toEqual({ Authorization: 'Bearer from file' });
  });

  it('takes a plain http server, as kubectl proxy is one', async () => {
    const file = write('config', kubeconfig('c', {}, { server: 'http://127.0.0.1:8001' }));
    expect((await load({ kubeconfig: file }).authorize()).headers).toEqual({});
  });

  it.each([
    ['no file anywhere', () => load({}), /found no way to an API server: give --kubeconfig, set KUBECONFIG/],
    [
      'a missing file',
      () => load({ kubeconfig: '/nowhere/f' }),
      /cannot read kubeconfig \/nowhere\/f: ENOENT/,
    ],
    [
      'KUBECONFIG without a file',
      () => load({ env: { KUBECONFIG: '/nowhere/f' } }),
      /KUBECONFIG names \/nowhere\/f/,
    ],
    [
      'an empty file',
      () => load({ kubeconfig: write('empty', '') }),
      /cannot read kubeconfig|no current-context/,
    ],
    [
      'a file that is no kubeconfig',
      () => load({ kubeconfig: write('list', '[1, 2') }),
      /cannot read kubeconfig/,
    ],
    [
      'a server that is no URL',
      () => load({ kubeconfig: write('config', kubeconfig('c', {}, { server: 'c:6443' })) }),
      /no http or https URL/,
    ],
  ])('says what to do about %s', (_what, attempt, message) => {
    expect(attempt).toThrow(message);
  });

  it('tells why a plugin made no credentials', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere/plugin' };
    const credentials = load({ kubeconfig: write('config', kubeconfig('c', { exec })) });
    await expect(credentials.authorize()).rejects.toMatchObject({
      failure: 'credentials',
      message: expect.stringContaining('cannot make credentials [user=c]: spawn /nowhere/plugin') as string,
    });
  });
});

function plugin(answer: string): object {
  return { apiVersion: 'client.authentication.k8s.io/v1', command: 'printf', args: ['%s', answer] };
}
