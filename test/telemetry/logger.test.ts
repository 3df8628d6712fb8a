import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(__dirname, '../..');

/** Runs statements on a `log` in a process of their own; returns what it wrote to stderr, and to stdout. */
function logged(format: 'json' | 'text', statements: string, level = 'info'): { err: string[]; out: string } {
  const module = resolve(root, 'operator/telemetry/logger.ts');
  const code = `import { createLogger } from ${JSON.stringify(module)};
    const log = createLogger({ level: '${level}', format: '${format}' });
    process.stderr.write = (text) => process.stdout.write('err:' + text);
    console._stderr.write = process.stderr.write;
    ${statements}`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  const lines = text.split('\n').filter((line) => line !== '');
  return {
    err: lines.filter((line) => line.startsWith('err:')).map((line) => line.slice(4)),
    out: lines.filter((line) => !line.startsWith('err:')).join('\n'),
  };
}

test('lines go to stderr alone, as JSON with their fields, from the level on', () => {
  const { err, out } = logged(
    'json',
    `log.debug('Hidden'); log.info('Opened sink', { receiver: 'a/b', count: 1, none: undefined });`,
  );
  expect(out).toBe('');
  expect(err.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'info', message: 'Opened sink', receiver: 'a/b', count: 1, timestamp: expect.any(String) },
  ]);
});

test('a field cannot replace what a line has of its own', () => {
  const { err } = logged('json', `log.warn('Failed', { message: 'm', level: 'l', timestamp: 't' });`);
  expect(JSON.parse(err[0]!)).toMatchObject({
    level: 'warn',
    message: 'Failed',
    field_message: 'm',
    field_level: 'l',
    field_timestamp: 't',
  });
});

test('errors are told with their causes, without a stack, even if they go in circles', () => {
  const { err } = logged(
    'json',
    `const inner = new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')], '');
     log.error('Failed', { error: new Error('could not send', { cause: inner }) });
     const circle = new Error('round'); circle.cause = circle;
     log.error('Failed', { error: circle });`,
  );
  expect(err.map((line) => (JSON.parse(line) as { error: string }).error)).toEqual([
    'could not send: connect ECONNREFUSED 127.0.0.1:1',
    'round',
  ]);
});

test('text lines quote what has spaces, quotes, line feeds or control characters', () => {
  const { err } = logged(
    'text',
    `log.info('Told', { plain: 'a/b', spaced: 'a b', empty: '', list: [1], colour: '\\u001b[31mred', lines: 'a\\nlevel=x' });`,
  );
  expect(err).toHaveLength(1);
  expect(err[0]).toMatch(
    /INFO {2}Told plain=a\/b spaced="a b" empty="" list=\[1\] colour="\\u001b\[31mred" lines="a\\nlevel=x"$/,
  );
});

test('a value that JSON does not know does not break the line', () => {
  const { err } = logged('text', `log.info('Told', { big: 10n, fn: () => 1, after: 'yes' });`);
  expect(err[0]).toMatch(/Told big=10 .*after=yes$/);
});
