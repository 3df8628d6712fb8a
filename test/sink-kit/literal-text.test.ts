import { compileDocument, compileText } from '../../operator/sink-kit/compile.ts';
import { mapDocumentLiterals, mapLiterals } from '../../operator/sink-kit/literal-text.ts';
import { sinkEvent } from '../sinks/sink-event.ts';

const shout = (literal: string): string => literal.toUpperCase();

describe('mapLiterals', () => {
  it.each([
    ['a {{ .Reason }} b', 'A {{ .Reason }} B'],
    ['no action', 'NO ACTION'],
    ['', ''],
    ['{{ .Reason }}', '{{ .Reason }}'],
    ['a {{- /* it is }} not the end */ -}} b', 'A {{- /* it is }} not the end */ -}} B'],
    ['a {{ print "x }} y" `z }}` \'"\' }} b', 'A {{ print "x }} y" `z }}` \'"\' }} B'],
    [
      '{{ if .Reason }}yes{{ else }}no{{ end }} \n {{- "t" -}} \n end',
      '{{ if .Reason }}YES{{ else }}NO{{ end }} \n {{- "t" -}} \n END',
    ],
  ])('changes what stands outside of actions in %j', (source, expected) => {
    expect(mapLiterals(source, shout)).toBe(expected);
  });

  it('reaches the texts of a document, not its keys', () => {
    const document = { key: ['a {{ "x" }}', 5, null, { deep: 'b' }], flag: true };

    expect(mapDocumentLiterals(document, shout)).toEqual({
      key: ['A {{ "x" }}', 5, null, { deep: 'B' }],
      flag: true,
    });
  });
});

describe('compiled texts', () => {
  it('can be compiled once more with other words around their actions', () => {
    const text = compileText('why: {{ .Reason }}', 'text').mapLiterals(shout);
    const document = compileDocument({ why: ['so: {{ .Reason }}'] }, 'document').mapLiterals(shout);

    expect(text.render(sinkEvent())).toBe('WHY: BackOff');
    expect(document.render(sinkEvent())).toEqual({ why: ['SO: BackOff'] });
  });
});
