import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compilePattern, maxPatternLength } from '../../operator/routing/pattern.ts';

function matcherOf(text: string, options = {}) {
  const compiled = compilePattern(text, options);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.matcher;
}

function problemOf(text: string): string {
  const compiled = compilePattern(text);
  return 'problem' in compiled ? compiled.problem : 'no problem';
}

describe('compilePattern', () => {
  test.each([
    ['kube-*', 'kube-system', true],
    ['kube-*', 'kube', true],
    ['kube-*', 'default', false],
    ['alpha', 'version-alpha-123', true],
    ['Pod', 'pod', false],
    ['(?i)POD', 'a pod', true],
    ['^Pod$', 'Pods', false],
    ['^(Pod|Node)$', 'Node', true],
    ['^(Pod|Node)$', 'NodePool', false],
    ['(Pod|Node)$', 'MyNode', true],
    ['Pod|^Node$|Set$', 'ReplicaSet', true],
    ['Pod|^Node$|Set$', 'NodeX', false],
    ['a\\.b', 'axb', false],
    ['a\\.b', 'a.b', true],
    ['', 'anything', true],
    ['.*', 'x\ny', true],
    ['^.*end$', 'x\nend', false],
    ['^start.*$', 'start\nx', false],
    ['^.*b', 'x\nb', false],
    ['^.*b', 'xb\nb', true],
    ['b.*$', 'b\nx', false],
    ['b.*$', 'b\nxb', true],
    ['^(a.*|b)$', 'a\n', false],
    ['[[:upper:]]', 'aB', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['(?P<x>a+)b', 'aab', true],
  ])('judges %j against %j as Go does', (pattern, text, expected) => {
    expect(matcherOf(pattern).test(text)).toBe(expected);
  });

  test('turns a pattern round that begins with an exclamation mark', () => {
    const matcher = matcherOf('!^kube-');
    expect([matcher.negated, matcher.test('kube-system'), matcher.test('default')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('takes an escaped exclamation mark as text', () => {
    const matcher = matcherOf('\\!x');
    expect([matcher.negated, matcher.test('a!x'), matcher.test('x')]).toEqual([false, true, false]);
  });

  test.each([
    ['*test*', ['a test b', 'test', 'a\ntest'], ['tes', 'Test']],
    ['*.example', ['a.example', '.example'], ['aexample', 'a.example.org']],
    ['?at', ['cat'], ['at', 'coat', 'cats']],
    ['**', ['', 'x'], []],
  ])('takes %j, which RE2 rejects, as a shell glob and says so', (glob, accepted, refused) => {
    const compiled = compilePattern(glob);
    if ('problem' in compiled) throw new Error(compiled.problem);
    expect(compiled.note).toContain(`shell glob ${glob}`);
    expect(accepted.filter((text) => !compiled.matcher.test(text))).toEqual([]);
    expect(refused.filter((text) => compiled.matcher.test(text))).toEqual([]);
  });

  test('negates a shell glob too', () => {
    expect(matcherOf('!*test*').test('a test')).toBe(false);
  });

  test.each([
    ['(a', 'missing closing )'],
    ['(?=a)', 'RE2 has no look-around'],
    ['(?<!a)b', 'RE2 has no look-around'],
    ['(a)\\1', 'RE2 has no back-references'],
    ['a{1001}', 'invalid repeat count'],
    ['*a*|*b*', 'write .* for any text'],
    ['(((a{100}){100}){100})', 'repetitions make it too large'],
    ['a{1000}b{1000}c{1000}d{1000}e{1000}f{1000}g{1000}h{1000}i{1000}', 'repetitions make it too large'],
    ['[a-c]{900}[d-f]{900}[g-i]{900}[j-l]{900}[m-o]{900}', 'at most 4000'],
  ])('refuses %j and says why', (pattern, cause) => {
    expect(problemOf(pattern)).toContain(cause);
  });

  test('refuses a pattern that is longer than the limit', () => {
    expect(problemOf('ab|cd'.repeat(820))).toContain(`at most ${maxPatternLength} are taken`);
  });

  test('refuses a pattern of huge repetitions before it costs anything', () => {
    const started = performance.now();
    const problem = problemOf('a{1000}'.repeat(500));
    expect(problem).toContain('too large');
    expect(performance.now() - started).toBeLessThan(100);
  });

  test.each(['(a+)+$', '(a|aa)+$', '(.*a){20}$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(x+x+)+y'])(
    'runs the hostile pattern %s in linear time',
    (pattern) => {
      const { test } = matcherOf(pattern);
      const short = `${'a'.repeat(1_000)}!`;
      const long = `${'a'.repeat(64_000)}!`;
      test(short);
      const started = performance.now();
      test(long);
      // A backtracking engine would not come back from the first one.
      expect(performance.now() - started).toBeLessThan(1_000);
    },
  );

  test('bounds what the largest program costs on a long text', () => {
    const { test } = matcherOf('a[ab]{900}$');
    const text = Array.from({ length: 200_000 }, (_, index) => ((index * 7_919) % 13 < 6 ? 'a' : 'b')).join(
      '',
    );
    const started = performance.now();
    test(text);
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test('remembers answers for fields of few values without ever mixing them up', () => {
    const { test } = matcherOf('^[a-m]+[0-9]*$', { fewValues: true });
    const fresh = RE2JS.compile('^[a-m]+[0-9]*$');
    const texts = Array.from(
      { length: 2_000 },
      (_, index) => `${index % 2 === 0 ? 'abc' : 'xyz'}${index % 700}`,
    );
    expect(texts.filter((text) => test(text) !== fresh.test(text))).toEqual([]);
  });

  describe('agrees with the engine', () => {
    const character = fc.constantFrom(...Array.from('aAbkKsS.-$! \n\né\u212a\u017f'));
    const subject = fc.array(character, { maxLength: 8 }).map((characters) => characters.join(''));
    const flags = fc.constantFrom('', '(?i)');

    // Patterns of the shapes that the fast path takes.
    const alternative = fc
      .tuple(
        fc.constantFrom('', '^', '.*', '^.*'),
        fc.array(fc.constantFrom('a', 'b', 'K', 's', '-', '\\.', '\\$'), { maxLength: 3 }),
        fc.constantFrom('', '$', '.*', '.*$'),
      )
      .map(([head, letters, tail]) => head + letters.join('') + tail);
    const alternation = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|'));
    const wrap = fc.constantFrom<[string, string]>(
      ['', ''],
      ['(', ')'],
      ['^(', ')$'],
      ['^(?:', ')'],
      ['(', ')$'],
    );
    const literal = fc
      .tuple(flags, wrap, alternation)
      .map(([flag, [open, close], inner]) => flag + open + inner + close);

    // Patterns near those shapes, which it must leave alone or understand.
    const piece = fc.constantFrom(
      'a',
      'b',
      'K',
      's',
      '-',
      ' ',
      '\\.',
      '.*',
      '^',
      '$',
      '|',
      '(',
      ')',
      '(?:',
      '\\$',
      'é',
      '.',
      '!',
    );
    const near = fc
      .tuple(flags, fc.array(piece, { maxLength: 9 }))
      .map(([flag, pieces]) => flag + pieces.join(''));

    test.each([
      ['of the shapes that the fast path takes', literal],
      ['near those shapes', near],
    ])('on patterns %s', (_which, patterns) => {
      const pattern = patterns.filter((text) => !text.startsWith('!') && isValid(text));
      fc.assert(
        fc.property(pattern, fc.array(subject, { minLength: 4, maxLength: 4 }), (text, values) => {
          const engine = RE2JS.compile(text);
          const { test: judge } = matcherOf(text);
          expect(values.filter((value) => judge(value) !== engine.test(value))).toEqual([]);
        }),
        { numRuns: 4_000, seed: 7 },
      );
    });
  });
});

function isValid(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
