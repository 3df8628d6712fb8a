/** A family of metrics with its samples, as a scraper reads it. */
export interface Family {
  type: string;
  help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const suffixes: Readonly<Record<string, RegExp>> = {
  counter: /^(_total|_created)$/,
  histogram: /^(_bucket|_sum|_count|_created)$/,
  summary: /^(_sum|_count|)$/,
  gauge: /^$/,
};

type Format = 'openMetrics' | 'text';

/** Reads a page as strictly as Prometheus does; throws at the first line that breaks the format. */
export function readMetrics(text: string, format: Format): Map<string, Family> {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the page does not end with a line feed');
  if (format === 'openMetrics' && lines.pop() !== '# EOF')
    throw new Error('the page does not end with # EOF');
  const families = new Map<string, Family>();
  let current = '';
  for (const line of lines) {
    if (line.startsWith('# ')) current = readComment(line, current, families);
    else readSample(line, current, { families, format });
  }
  return families;
}

function readComment(line: string, current: string, families: Map<string, Family>): string {
  const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? [];
  if (keyword === undefined) throw new Error(`no comment that a scraper knows: ${line}`);
  const family = families.get(name);
  if (keyword === 'HELP') {
    if (family !== undefined) throw new Error(`${name} is there twice`);
    families.set(name, { type: '', help: rest, samples: [] });
  } else {
    if (name !== current || family === undefined) throw new Error(`TYPE of ${name} stands in ${current}`);
    family.type = rest;
  }
  return name;
}

function readSample(
  line: string,
  current: string,
  { families, format }: { families: Map<string, Family>; format: Format },
): void {
  const family = families.get(current);
  const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.e+-]+|nan|[+-]Inf)$/i.exec(line);
  if (sample === null || family === undefined) throw new Error(`no sample: ${line}`);
  const [, name = '', labelText = '', value] = sample;
  if (!isOf(family.type, current, name, format))
    throw new Error(`${name} does not belong to the ${family.type} ${current}`);
  family.samples.push({ name, labels: readLabels(labelText, line), value: Number(value) });
}

function isOf(type: string, family: string, name: string, format: Format): boolean {
  const suffix = format === 'text' && type === 'counter' ? /^$/ : suffixes[type];
  return name.startsWith(family) && suffix?.test(name.slice(family.length)) === true;
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const rest = text.replaceAll(
    /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/g,
    (_, key: string, value: string) => {
      labels[key] = value;
      return '';
    },
  );
  if (rest !== '') throw new Error(`bad labels: ${line}`);
  return labels;
}
