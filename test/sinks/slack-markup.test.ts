import fc from 'fast-check';

import { compileText } from '../../operator/sink-kit/index.ts';
import { createSlackMarkup } from '../../operator/sinks/slack-markup.ts';
import { sinkEvent } from './sink-event.ts';

/** Pieces of which texts are made that try to mention somebody. */
const pieces = [
  '<',
  '>',
  '!channel',
  '!here|x',
  '@U12345678',
  '#C12345678',
  '!subteam^S12345678',
  '|',
  '&',
  '&lt;',
  'https://x.example.com',
  '{{',
  '}}',
  '\ue000',
  '\ue001',
  '\n',
  ' ',
];
const hostile = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));

/** Templates, each with the commands that their authors wrote into them. */
const templates = [
  ['{{ .Message }}', []],
  ['<!here> {{ .Message }} <!subteam^S1>', ['<!here>', '<!subteam^S1>']],
  ['<{{ .Message }}|x>', []],
  ['<{{ .Message }}{{ .Message }}>', []],
  ['<!{{ .Message }}>', []],
  ['{{ if true }}<{{ end }}{{ .Message }}>', []],
  ['<https://x.example.com/{{ .Message }}|{{ .Message }}>', []],
  ['&{{ .Message }}; a < b', []],
] as const;

describe('the markup of slack', () => {
  it('lets no event mention anybody, whatever the template and the limit', () => {
    const markup = createSlackMarkup();
    const compiled = templates.map(([source, commands]) => ({
      commands,
      text: compileText(source, 'message').mapLiterals(markup.prepare),
    }));

    fc.assert(
      fc.property(
        fc.constantFrom(...compiled),
        hostile,
        fc.integer({ min: 4, max: 200 }),
        ({ text, commands }, message, limit) => {
          const shown = markup.escape(text.render(sinkEvent({ message })), limit);

          const rest = commands.reduce((before: string, command) => before.replace(command, ''), shown);
          expect(rest).not.toMatch(/<[!@#]/);
          expect(shown).not.toMatch(/&(?!amp;|lt;|gt;)/);
          expect(shown.length).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('shows plain text as the event has it', () => {
    const markup = createSlackMarkup();
    const text = compileText('<b> {{ .Message }} &amp;', 'text').mapLiterals(markup.prepare);

    fc.assert(
      fc.property(hostile, (message) => {
        expect(markup.plain(text.render(sinkEvent({ message })))).toBe(`<b> ${message} &amp;`);
      }),
      { numRuns: 300 },
    );
  });
});
