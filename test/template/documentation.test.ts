import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goEvent } from '../../operator/event/go-event.ts';
import { functions } from '../../operator/template/functions/table.ts';
import { compileTemplate } from '../../operator/template/template.ts';

const page = readFileSync(join(__dirname, '../../docs/templates.md'), 'utf8');
const events = JSON.parse(readFileSync(join(__dirname, 'golden/events.json'), 'utf8')) as Record<
  string,
  unknown
>;

const unescapePipes = (text: string): string => text.replaceAll('\\|', '|');

const rows = Array.from(
  page.matchAll(/^\| `(\w+)` *\| `(\{\{.*?\}\}.*?)` *\| `(.*?)` *\|/gm),
  ([, name = '', example = '', result = '']) =>
    [name, unescapePipes(example), unescapePipes(result)] as const,
);

const refused = Array.from(
  (page.split('### Refused')[1] ?? '').matchAll(/`(\w+)`/g),
  ([, name = '']) => name,
);

describe('docs/templates.md', () => {
  it.each(rows)('shows what %s gives for %s', (name, example, result) => {
    const options = { root: goEvent, random: () => 0.5, now: () => new Date('2024-03-06T07:08:09Z') };

    const text = compileTemplate(example, options).render(events.full);

    expect(example).toContain(name);
    expect(text.replaceAll('\n', '\\n')).toBe(result);
  });

  it('has every function, and none that is not there', () => {
    const told = [...rows.map(([name]) => name), ...refused];

    expect(told.toSorted()).toEqual(Object.keys(functions).toSorted());
  });
});
