import { eventroute } from './command.ts';

describe('the command line', () => {
  test.each([
    ['--version', ['--version'], 0, /^dev\n$/],
    ['--help', ['--help'], 0, /Commands:/],
    ['help of a command', ['local', '--help'], 0, /Exits with 1 when/],
  ])('answers %s on stdout', async (_, args, code, out) => {
    const ended = await eventroute(args);
    expect({ code: ended.code, err: ended.err }).toEqual({ code, err: '' });
    expect(ended.out).toMatch(out);
  });

  test.each([
    ['no command', [], /Usage: eventroute/],
    ['an unknown command', ['rnu'], /unknown command 'rnu'.*\n?.*Did you mean run\?/],
    [
      'an unknown flag',
      ['local', '-f', 'examples', '--timout', '1s'],
      /unknown option '--timout'.*\n?.*--timeout/,
    ],
    ['a missing flag', ['local'], /required option '-f, --filename <path\.\.\.>' not specified/],
    ['a flag without its value', ['local', '-f'], /argument missing/],
    [
      'a bad duration',
      ['local', '-f', 'examples/quickstart', '--timeout', 'soon'],
      /^eventroute: --timeout must be a duration/,
    ],
    ['a bad choice', ['run', '--log-level', 'loud'], /Allowed choices are error, warn, info, debug/],
    [
      'a bad address',
      ['run', '--metrics-address', '8080'],
      /^eventroute: --metrics-address must be HOST:PORT/,
    ],
    [
      'manifests without our objects',
      ['local', '-f', 'crds/eventroutes.yaml'],
      /holds no EventRoute and no EventReceiver/,
    ],
  ])('is refused with 2 for %s', async (_, args, err) => {
    const ended = await eventroute(args);
    expect(ended.code).toBe(2);
    expect(ended.err).toMatch(err);
    expect(ended.out).toBe('');
  });

  test.each([
    [
      'a file that is not there',
      ['local', '-f', 'nowhere.yaml'],
      /^eventroute: nowhere\.yaml cannot be read: there is no such file/,
    ],
    [
      'a kubeconfig that is not there',
      ['run', '--kubeconfig', '/nowhere/config', '--metrics-address', '127.0.0.1:0'],
      /^eventroute: .*\/nowhere\/config/,
    ],
  ])('fails with 1, one line and no stack for %s', async (_, args, err) => {
    const ended = await eventroute(args);
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(err);
    expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('says which Node.js it needs when it runs on one that is too old', async () => {
    const versions =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';

    const ended = await eventroute(['--version'], {
      nodeFlags: ['--import', `data:text/javascript,${versions}`],
    });

    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/^eventroute: needs Node\.js 22 or newer; this is 20\.20\.2 at \S+\n$/);
  });
});
