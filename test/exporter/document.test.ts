import { readDocument } from '../../operator/exporter/document.ts';
import { createFindings } from '../../operator/exporter/finding.ts';
import { type ConfigNode } from '../../operator/exporter/node.ts';

function plain(node: ConfigNode): unknown {
  if (node.kind === 'list') return node.items.map(plain);
  if (node.kind === 'map') return Object.fromEntries(node.entries.map(({ key, node }) => [key, plain(node)]));
  return node.kind === 'scalar' ? node.value : 'broken';
}

function read(text: string) {
  const findings = createFindings();
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const root = readDocument({ text, file: 'exporter.yaml', lineAt, findings });
  return {
    root,
    data: plain(root),
    warnings: findings.all.map(({ line, message }) => `${line}: ${message}`),
  };
}

/** What a field of text gets. */
function text(written: string): unknown {
  const { root } = read(`a: ${written}\n`);
  const node = root.kind === 'map' ? root.entries[0]!.node : root;
  return node.kind === 'scalar' ? node.text : node.kind;
}

describe('what the YAML of the exporter takes', () => {
  test.each([
    ['1.10', '1.1'],
    ['007', '7'],
    ['0042', '34'],
    ['0x10', '16'],
    ['1_000', '1000'],
    ['08', '08'],
    ['1e3', '1000'],
    ['3.0', '3'],
    ['0.00001', '1e-05'],
    ['+5', '5'],
    ['99999999999999999999', '99999999999999999999'],
    ['true', 'true'],
    ['yes', 'yes'],
    ['~', ''],
    ['', ''],
    ['2020-01-01', '2020-01-01'],
    ['"007"', '007'],
    [String.raw`"\t\r\0\d"`, String.raw`\t\r\0\d`],
    [String.raw`"\n\x41\u00e9\e"`, '\nAé\u001b'],
    [String.raw`"\\t \"x\""`, String.raw`\t "x"`],
    [String.raw`'\n'`, String.raw`\n`],
    ['"a\n  b"', 'a b'],
    ['|\n  x\n  y', 'x\ny\n'],
  ])('gives a field of text what %j means: %j', (written, expected) => {
    expect(text(written)).toBe(expected);
  });

  test('takes a second colon for a part of the text, and keeps what follows apart', () => {
    const { data, warnings } = read('a: Event: {x} # c\nb:\n  c: d: e\n  f: 1\n');
    expect(data).toEqual({ a: 'Event: {x}', b: { c: 'd: e', f: 1 } });
    expect(warnings).toEqual([
      expect.stringMatching(/^1: .*second `: `/) as string,
      expect.stringMatching(/^3: .*second `: `/) as string,
    ]);
  });

  test('lets the last of equal keys count', () => {
    const { data, warnings } = read('a: 1\nb: 2\na: 3\n');
    expect(data).toEqual({ a: 3, b: 2 });
    expect(warnings).toEqual([
      expect.stringMatching(/^3: is set a second time \(first in line 1\)/) as string,
    ]);
  });

  test('reads a pattern without quotes that begins with a star as an alias to nothing', () => {
    const { data, warnings } = read('namespace: *test*\nkind: Pod\n');
    expect(data).toEqual({ namespace: null, kind: 'Pod' });
    expect(warnings).toEqual([expect.stringMatching(/^1: reads \*test\* as an alias/) as string]);
  });

  test('loses a value whose quote is never closed', () => {
    const { data, warnings } = read('a: 1\nb: "x\n');
    expect(data).toEqual({ a: 1, b: null });
    expect(warnings).toEqual([expect.stringMatching(/^2: opens a quote/) as string]);
  });

  test.each([
    ['a byte order mark', '\u{FEFF}logLevel: info\n', /^1: begins with a byte order mark/],
    ['a tab', '\tlogLevel: info\n', /^1: is indented by a tab/],
  ])('reads the key that %s makes the exporter lose', (_, written, warning) => {
    const { data, warnings } = read(written);
    expect(data).toEqual({ logLevel: 'info' });
    expect(warnings).toEqual([expect.stringMatching(warning) as string]);
  });

  test('ignores a second document', () => {
    const { data, warnings } = read('a: 1\n---\nb: : 2\n');
    expect(data).toEqual({ a: 1 });
    expect(warnings).toEqual([expect.stringMatching(/^2: begins a second document/) as string]);
  });

  test('follows aliases and merge keys', () => {
    expect(read('x: &a {k: v, l: w}\ny: *a\nz: {<<: *a, k: own}\n').data).toEqual({
      x: { k: 'v', l: 'w' },
      y: { k: 'v', l: 'w' },
      z: { k: 'own', l: 'w' },
    });
  });

  test.each(['', '# nothing\n', '---\n'])('takes %j for a file that says nothing', (written) => {
    expect([{}, null]).toContainEqual(read(written).data);
  });

  test('marks templates without quotes', () => {
    expect(read('a:\n  kind: {{ .InvolvedObject.Kind }}\n  b: 1\n').data).toEqual({
      a: { kind: 'broken', b: 1 },
    });
  });
});

describe('what the YAML of the exporter refuses', () => {
  test.each([
    ['x: 1\na: {{ if .X }}y{{ end }}\n', /exporter\.yaml:2: is not valid YAML: .*`a` in quotes/],
    ['x: 1\na: "y",\n', /exporter\.yaml:2: is not valid YAML: .*remove the comma after the value of `a`/],
    ['a: @user\n', /exporter\.yaml:1: is not valid YAML: .*put the value of `a` in quotes/],
    ['plain\na: 1\n', /^exporter\.yaml:1: is not valid YAML: implicit keys need to be on a single line$/],
    ['? a\n: b\n', /exporter\.yaml:1: writes a key with `\?`/],
    ['a: &x [*x]\n', /aliases in it lead to themselves/],
    ['a: [b\nc: d\n', /is not valid YAML/],
  ])('refuses %j with its line and remedy', (written, message) => {
    expect(() => read(written)).toThrow(message);
  });

  test('never shows a value, which may be a secret', () => {
    expect(() => read('password: "hunter2",\n')).toThrow(/^(?!.*hunter2)/s);
    expect(() => read('password: @hunter2\n')).toThrow(/^(?!.*hunter2)/s);
  });

  test('refuses aliases that would make a small file large', () => {
    const levels = Array.from(
      { length: 30 },
      (_, index) => `l${index + 1}: &l${index + 1} [*l${index}, *l${index}]`,
    );
    expect(() => read(`l0: &l0 [x]\n${levels.join('\n')}\n`)).toThrow(/too large or too deep/);
  });

  test('refuses what is nested deeper than any configuration', () => {
    expect(() => read(`a: ${'['.repeat(5_000)}${']'.repeat(5_000)}\n`)).toThrow(/too (large or too )?deep/);
  });
});
