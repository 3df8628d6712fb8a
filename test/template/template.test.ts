import { goEvent } from '../../operator/event/go-event.ts';
import { functions } from '../../operator/template/functions/table.ts';
import { TemplateError } from '../../operator/template/template-error.ts';
import { compileTemplate, type TemplateOptions } from '../../operator/template/template.ts';

const event = {
  metadata: { name: 'web.17a', namespace: 'payments', uid: 'u-1' },
  reason: 'BackOff',
  message: 'back-off',
  type: 'Warning',
  count: 3,
  source: { component: 'kubelet' },
  firstTimestamp: '2024-03-05T07:08:09Z',
  reportingComponent: 'kubelet',
  involvedObject: { kind: 'Pod', name: 'web', labels: { app: 'web', 'a.b/c': 'x' }, deleted: false },
  occurrence: 3,
  idempotencyKey: 'u-1-3',
  effectiveTime: '2024-03-05T09:00:00Z',
  routes: ['payments/a', 'ops/b'],
  receiver: 'ops/oncall',
};

const render = (source: string, options: Partial<TemplateOptions> = {}, data: unknown = event): string =>
  compileTemplate(source, { root: goEvent, ...options }).render(data);

function failureOf(run: () => unknown): TemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

describe('compileTemplate', () => {
  it('takes text without actions as it is', () => {
    const template = compileTemplate('plain } text', { root: goEvent });

    expect(template.constant).toBe(true);
    expect(template.render({})).toBe('plain } text');
  });

  it('takes JSON names as well as Go names', () => {
    const names = '{{ .involvedObject.labels.app }} {{ .metadata.namespace }} {{ .reportingComponent }}';

    expect(render(names)).toBe('web payments kubelet');
  });

  it('has our fields beside those of the exporter', () => {
    const ours = '{{ .Occurrence }} {{ .IdempotencyKey }} {{ .Receiver }} {{ .Routes | join "," }}';

    expect(render(ours)).toBe('3 u-1-3 ops/oncall payments/a,ops/b');
    expect(render('{{ .EffectiveTime.Format "15:04" }}')).toBe('09:00');
  });

  it('leaves our fields out of the document', () => {
    const document = JSON.parse(render('{{ toJson . }}')) as object;

    expect(Object.keys(document)).not.toContain('occurrence');
    expect(Object.keys(document)).toContain('involvedObject');
  });

  it('renders an event that lacks everything', () => {
    const all =
      '{{ .Reason }}{{ .InvolvedObject.Name }}{{ .Source.Host }}{{ .Count }}{{ .Series }}{{ .Labels }}';

    expect(render(all, {}, {})).toBe('0nilmap[]');
    expect(render('{{ toJson .InvolvedObject }}', {}, null)).toBe('{"deleted":false}');
  });

  it('renders data of a wrong shape as zero values', () => {
    const wrong = { reason: 5, count: 'x', metadata: 'none', involvedObject: ['a'], firstTimestamp: {} };

    expect(render('[{{ .Reason }}{{ .Count }}{{ .Name }}{{ .InvolvedObject.Kind }}]', {}, wrong)).toBe('[0]');
    expect(render('{{ .FirstTimestamp.IsZero }}', {}, wrong)).toBe('true');
  });

  it('tells where a template does not parse', () => {
    const error = failureOf(() => render('line\n{{ .Reason | nope }}'));

    expect(error).toMatchObject({ stage: 'parse', line: 2, detail: 'function "nope" not defined' });
  });

  it('refuses what could never work before any event comes, and says what was meant', () => {
    const error = failureOf(() =>
      compileTemplate('{{ .InvolvedObject.name_ }}{{ .reason }}', { root: goEvent }),
    );
    const close = failureOf(() => compileTemplate('{{ .Clustername }}', { root: goEvent }));

    expect(error).toMatchObject({ stage: 'compile', line: 1, column: 18 });
    expect(close.detail).toContain('did you mean .ClusterName?');
  });

  it('lets what may never run pass, and lists it', () => {
    const template = compileTemplate('{{ if .Series }}{{ .Nope }}{{ end }}ok', { root: goEvent });

    expect(template.render(event)).toBe('ok');
    expect(template.flaws).toEqual([
      { line: 1, column: 19, detail: expect.stringContaining("can't evaluate field Nope") as unknown },
    ]);
  });

  it('names the function that failed', () => {
    const error = failureOf(() => render('a\n  {{ index .Routes 9 }}'));

    expect(error).toMatchObject({ stage: 'execute', line: 2, column: 5 });
    expect(error.detail).toBe('error calling index: index out of range: 9');
  });

  it('says how to guard a nil pointer', () => {
    expect(failureOf(() => render('{{ .Series.Count }}')).detail).toContain(
      'guard it with {{ if }} or {{ with }}',
    );
  });

  it('takes chance and time from its options', () => {
    const options = { random: () => 0.5, now: () => new Date('2024-01-02T03:04:05Z') };

    expect(render('{{ randNumeric 4 }} {{ uuidv4 }}', options)).toBe(
      '5555 80808080-8080-4080-8080-808080808080',
    );
    expect(render('{{ now | date "2006-01-02 15:04 MST" }}', options)).toBe('2024-01-02 03:04 UTC');
    expect(render('{{ ago (toDate "2006-01-02" "2024-01-01") }}', options)).toBe('27h4m5s');
  });

  it('refuses functions that would reach out, with what to do instead', () => {
    expect(failureOf(() => render('{{ env "HOME" }}')).detail).toContain('cannot read the environment');
    expect(failureOf(() => render('{{ getHostByName "x" }}')).detail).toContain('cannot reach the network');
    expect(failureOf(() => render('{{ genCA "x" 1 }}')).detail).toContain('keep them in a Secret');
  });
});

describe('limits of a template', () => {
  it.each([
    ['{{ range 1000000 }}x{{ end }}', 'maxSteps'],
    ['{{ until 1000000000 }}', 'maxSteps'],
    ['{{ seq 1 1000000000 }}', 'maxSteps'],
    ['{{ repeat 1000000000 "x" }}', 'maxBytes'],
    ['{{ printf "%999999d%999999d" 1 1 }}', 'maxBytes'],
    ['{{ $x := "ab" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}', 'maxBytes'],
    ['{{ range 20000 }}{{ repeat 100 "0123456789" }}{{ end }}', 'maxBytes'],
    ['{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', 'maxDepth'],
    ['{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toRawJson $d }}', 'maxDepth'],
    ['{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}', 'maxDepth'],
    ['{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}', 'maxDepth'],
    ['{{ $l := list }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}', 'maxSteps'],
    [
      '{{ $l := list }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ deepEqual $l (deepCopy $l) }}',
      'maxSteps',
    ],
  ])('stop %s', (source, limit) => {
    const error = failureOf(() => render(source));

    expect(error.stage).toBe('execute');
    expect(error.detail).toContain(`(limit ${limit})`);
  });

  it('can be set', () => {
    expect(failureOf(() => render('{{ .Message }}', { limits: { maxBytes: 4 } })).detail).toContain(
      'more than 4 bytes',
    );
    expect(render('{{ range 300000 }}{{ end }}', { limits: { maxSteps: 1_000_000 } })).toBe('');
  });

  it('hold for long texts that patterns search', () => {
    const source =
      '{{ $t := repeat 100000 "a" }}{{ range 100 }}{{ $_ := regexFindAll "a*?b|a" $t -1 }}{{ end }}';

    expect(failureOf(() => render(source)).detail).toContain('(limit maxSteps)');
  });

  it('refuse nesting that would exhaust the parser', () => {
    expect(failureOf(() => render('{{ if 1 }}'.repeat(5_000))).stage).toBe('parse');
    expect(failureOf(() => render(`{{ ${'('.repeat(5_000)} }}`)).stage).toBe('parse');
    expect(failureOf(() => render('x'.repeat(300_000))).detail).toContain('longer than');
  });
});

describe('safety of templates', () => {
  it('reaches no prototype through names', () => {
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty']) {
      expect(failureOf(() => render(`{{ .${name} }}`)).stage).toBe('compile');
      expect(render(`{{ .InvolvedObject.Labels.${name} }}`)).toBe('<no value>');
      expect(render(`{{ (dict).${name} }}{{ (fromJson "{}").${name} }}`)).toBe('<no value><no value>');
      expect(render(`[{{ index .InvolvedObject.Labels "${name}" }}{{ get (dict) "${name}" }}]`)).toBe('[]');
    }
  });

  it('changes no prototype through dictionaries', () => {
    render('{{ $d := set (dict) "__proto__" (dict "polluted" 1) }}{{ merge (dict) $d | toJson | fromJson }}');

    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('keeps text of users out of the code', () => {
    const hostile = "');process.exit();('{{ \"');process.exit(`${1}`);('\" }}\u2028{{ `\\` }}";

    expect(render(hostile)).toBe("');process.exit();('');process.exit(`${1}`);('\u2028\\");
  });

  it('never changes the data of the event', () => {
    const before = JSON.stringify(event);

    render('{{ $l := .InvolvedObject.Labels | toJson | fromJson }}{{ $_ := set $l "app" "no" }}{{ .DeDot }}');

    expect(JSON.stringify(event)).toBe(before);
  });

  it('knows no zone of the clock', () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Tokyo';

    expect(render('{{ date "15:04 MST" 0 }} {{ .FirstTimestamp.Local }}')).toBe(
      '00:00 UTC 2024-03-05 07:08:09 +0000 UTC',
    );

    process.env.TZ = zone;
  });
});

describe('the function table', () => {
  it('has own names only', () => {
    expect(Object.keys(functions).length).toBeGreaterThan(220);
    expect(failureOf(() => render('{{ constructor }}')).stage).toBe('parse');
  });
});
