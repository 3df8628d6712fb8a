import { startApiServer } from './api-server.ts';
import { eventroute } from './command.ts';

const route = (receiver: string, rule = 'type: Warning'): string =>
  `apiVersion: eventroute.dev/v1beta1\nkind: EventRoute\nmetadata: {name: r}\nspec:\n  match:\n    - {${rule}, receiver: ${receiver}}\n`;
const receiver = {
  apiVersion: 'eventroute.dev/v1beta1',
  kind: 'EventReceiver',
  metadata: { name: 'oncall', namespace: 'shop' },
  spec: { sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' } } } },
};

// each test starts processes, on a machine that may be busy
jest.setTimeout(60_000);

describe('eventroute validate', () => {
  test('finds nothing wrong with the quickstart, and ends with 0', async () => {
    const ended = await eventroute(['validate', '-f', 'examples/quickstart']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/4 objects in 2 files: 1 note\n$/);
  });

  test('reads standard input, names line and column, and ends with 1 on an error', async () => {
    const ended = await eventroute(['validate', '-f', '-'], { input: route('nobody') });
    expect(ended).toMatchObject({ code: 1, err: '' });
    expect(ended.out).toMatch(
      /^-:6:23: error: EventRoute eventroute-system\/r: spec\.match\[0\]\.receiver names `nobody`/,
    );
  });

  test('ends with 1 on a warning only when it is strict', async () => {
    const input = `${route('oncall', 'type: Warnin_g')}---\n${JSON.stringify({ ...receiver, metadata: { name: 'oncall' } })}`;
    const args = ['validate', '-f', '-', '-o', 'json'];
    const [lax, strict] = await Promise.all([
      eventroute(args, { input }),
      eventroute([...args, '--strict'], { input }),
    ]);
    expect([lax.code, strict.code]).toEqual([0, 1]);
    expect(JSON.parse(strict.out)).toMatchObject({ error: 0, warning: 1 });
  });

  test.each([
    ['no file', ['validate'], /required option '-f, --filename/],
    [
      'an unknown format',
      ['validate', '-f', '-', '-o', 'xml'],
      /Allowed choices are text, json, github, sarif/,
    ],
    [
      'nothing of ours',
      ['validate', '-f', 'crds/eventroutes.yaml'],
      /holds no EventRoute and no EventReceiver/,
    ],
  ])('is refused with 2 for %s', async (_, args, err) => {
    const ended = await eventroute(args);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(err);
  });

  test('looks in the cluster for what the files do not hold, with the caller’s kubeconfig', async () => {
    await using server = await startApiServer({
      '/apis/eventroute.dev/v1beta1/namespaces/shop/eventreceivers/oncall': receiver,
    });
    const args = ['validate', '-f', '-', '--cluster', '--kubeconfig', server.kubeconfig];
    const [known, unknown] = await Promise.all([
      eventroute(args, { input: route('oncall') }),
      eventroute(args, { input: route('oncal') }),
    ]);
    expect(known).toMatchObject({ code: 0, err: '' });
    expect(known.out).toBe('1 object in 1 file: nothing is wrong\n');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.out).toMatch(/there is no EventReceiver oncal in namespace shop/);
  });

  test('says in a plain sentence what the caller may not read', async () => {
    await using server = await startApiServer({
      '/apis/eventroute.dev/v1beta1/namespaces/platform/eventreceivers/oncall': 'forbidden',
    });
    const args = ['validate', '-f', '-', '--cluster', '--kubeconfig', server.kubeconfig];
    const ended = await eventroute(args, { input: route('platform/oncall') });
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toMatch(
      /note: .* names `platform\/oncall`, which may not be read, so it was not checked/,
    );
    expect(ended.err).toMatch(/^You may not get EventReceiver platform\/oncall$/m);
  });
});
