import { expandEnvironment, withPlaceholders } from '../../operator/exporter/environment.ts';
import { createFindings } from '../../operator/exporter/finding.ts';

const environment = { NAME: 'shop', LINES: 'a\nb', EMPTY: '', _x1: 'under' };

const expand = (text: string, keepsUnset = false) => {
  const findings = createFindings();
  const expanded = expandEnvironment(text, { environment, keepsUnset, findings });
  return { ...expanded, findings: findings.all };
};

describe('expandEnvironment', () => {
  test.each([
    ['$NAME', 'shop'],
    ['${NAME}-x', 'shop-x'],
    ['$NAME-x', 'shop-x'],
    ['$_x1', 'under'],
    ['$NAMES', ''],
    ['${NOT SET}', ''],
    ['${EMPTY}', ''],
    ['a$$b', 'ab'],
    ['$1$2x', 'x'],
    ['${1}', ''],
    ['$@$*$#$?$!$-', ''],
    ['${}', ''],
    ['${NAME', 'NAME'],
    ['^default$"', '^default$"'],
    ['^a$|b$)', '^a$|b$)'],
    ['end$', 'end$'],
    ['$ x', '$ x'],
    ['{{ $v := .Message }}{{ $v }}', '{{  := .Message }}{{  }}'],
  ])('reads %s as Go does', (written, expected) => {
    expect(expand(written).text).toBe(expected);
  });

  test('tells each variable that is not set, with its line', () => {
    const { findings } = expand('a: x\ntoken: ${TOKEN}\n');
    expect(findings).toEqual([
      expect.objectContaining({
        severity: 'warning',
        line: 2,
        message: expect.stringContaining('TOKEN') as string,
      }),
    ]);
  });

  test('says nothing of variables that are set to an empty text, or that stand in comments', () => {
    expect(expand('# costs $5 or $COST\na: ${EMPTY}\n').findings).toEqual([]);
  });

  test('finds the line in the file behind values of several lines', () => {
    const { text, lineAt } = expand('a: ${LINES}\nb: 1\n');
    expect(text).toBe('a: a\nb\nb: 1\n');
    expect(lineAt(text.indexOf('b: 1'))).toBe(2);
    expect(lineAt(text.indexOf('\nb\n') + 1)).toBe(1);
  });

  test('keeps names that are not set for manifests, and nothing else', () => {
    const { text } = expand('{a: ${TOKEN}, b: "$x", c: $$, d: $NAME}', true);
    expect(withPlaceholders(text)).toBe('{a: ${TOKEN}, b: "$x", c: , d: shop}');
  });
});
