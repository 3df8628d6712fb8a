import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goEvent } from '../../operator/event/go-event.ts';
import { TemplateError } from '../../operator/template/template-error.ts';
import { compileTemplate } from '../../operator/template/template.ts';

interface Golden {
  readonly template: string;
  readonly event: string;
  readonly output?: string;
  readonly stage?: 'parse' | 'execute';
  readonly line?: number;
  readonly column?: number;
}

const folder = join(__dirname, 'golden');
const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const events = read('events.json') as Record<string, unknown>;

/** What we make of a case, in the words of the golden files. */
function render({ template, event }: Golden): Partial<Golden> {
  try {
    return { output: compileTemplate(template, { root: goEvent }).render(events[event]) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { stage, line, column } = error;
    // What can never work is found when the template is compiled; Go finds it when it is executed.
    return stage === 'parse' ? { stage, line } : { stage: 'execute', line, column };
  }
}

describe.each(readdirSync(join(folder, 'expected')))('golden cases of %s', (file) => {
  const cases = read(`expected/${file}`) as Golden[];

  it.each(cases)('renders $template with $event as Go does', (golden) => {
    const { output, stage, line, column } = golden;
    const expected = output === undefined ? { stage, line, column } : { output };
    expect(render(golden)).toEqual(expected);
  });
});
