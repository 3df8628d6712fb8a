import { goEvent } from '../../operator/event/go-event.ts';
import { compileLayout, LayoutError, type CompiledLayout } from '../../operator/template/layout.ts';

const event = {
  metadata: { name: 'web.17a', namespace: 'payments' },
  reason: 'BackOff',
  message: 'Back-off <web> & "more"',
  type: 'Warning',
  count: 42,
  firstTimestamp: '2024-03-05T07:08:09Z',
  involvedObject: { kind: 'Pod', name: 'web', labels: { app: 'web' } },
};

const compile = (layout: unknown): CompiledLayout =>
  compileLayout(layout, { root: goEvent, path: 'spec.sink.webhook.layout' });
const render = (layout: unknown): unknown => compile(layout).renderValue(event);

function problemsOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (error instanceof LayoutError) return error.problems;
    throw error;
  }
  throw new Error('nothing failed');
}

describe('compileLayout', () => {
  it("renders the layout of the exporter's documentation", () => {
    const layout = {
      region: 'us-west-2',
      eventType: 'kubernetes-event',
      createdAt: '{{ .GetTimestampMs }}',
      details: {
        message: '{{ .Message }}',
        reason: '{{ .Reason }}',
        type: '{{ .Type }}',
        count: '{{ .Count }}',
        kind: '{{ .InvolvedObject.Kind }}',
        labels: '{{ toJson .InvolvedObject.Labels}}',
        tags: ['sre', '{{ .Namespace }}'],
      },
    };

    expect(render(layout)).toEqual({
      region: 'us-west-2',
      eventType: 'kubernetes-event',
      createdAt: '1709622489000',
      details: {
        message: 'Back-off <web> & "more"',
        reason: 'BackOff',
        type: 'Warning',
        count: '42',
        kind: 'Pod',
        labels: '{"app":"web"}',
        tags: ['sre', 'payments'],
      },
    });
  });

  it('writes JSON as Go does: keys sorted, angle brackets and ampersands escaped', () => {
    const text = compile({ z: '{{ .Message }}', a: 1, '10': [true, null], é: {} }).render(event);

    expect(text).toBe('{"10":[true,null],"a":1,"z":"Back-off \\u003cweb\\u003e \\u0026 \\"more\\"","é":{}}');
  });

  it('keeps numbers, booleans and null', () => {
    expect(render({ a: 1.5, b: true, c: null, d: [0, false] })).toEqual({
      a: 1.5,
      b: true,
      c: null,
      d: [0, false],
    });
    expect(compile({}).render(event)).toBe('{}');
    expect(compile([]).render(event)).toBe('[]');
  });

  it('renders keys', () => {
    const layout = compile({ '{{ .Reason }}': 1, static: 2, '{{ .Type | lower }}': '{{ .Name }}' });

    expect(layout.renderValue(event)).toEqual({ BackOff: 1, static: 2, warning: 'web.17a' });
    expect(layout.render(event)).toBe('{"BackOff":1,"static":2,"warning":"web.17a"}');
  });

  it('gives JSON instead of text where toTyped is all there is', () => {
    const layout = {
      count: '{{ .Count | toTyped }}',
      labels: ' {{ toTyped .InvolvedObject.Labels }}\n',
      none: '{{ toTyped nil }}',
      text: '{{ .Count | toTyped }} times',
      either: '{{ if .Series }}{{ toTyped 1 }}{{ else }}none{{ end }}',
    };

    expect(render(layout)).toEqual({
      count: 42,
      labels: { app: 'web' },
      none: null,
      text: '42 times',
      either: 'none',
    });
    expect(compile(layout).render(event)).toContain('"count":42,');
  });

  it('never takes the text of an event for JSON', () => {
    const layout = compile({ a: '{{ .Message }}', b: '{{ toJson .Count }}' });

    expect(layout.renderValue({ ...event, message: '{"a":1}' })).toEqual({ a: '{"a":1}', b: '42' });
  });

  it('names every text that is wrong', () => {
    const problems = problemsOf(() =>
      compile({ ok: 'x', 'a.b': ['{{ .Nope }}'], '{{ bad': 1, deep: { x: '{{ end }}' } }),
    );

    expect(problems).toEqual([
      {
        path: 'spec.sink.webhook.layout["a.b"][0]',
        message: expect.stringContaining("can't evaluate field Nope") as unknown,
      },
      {
        path: 'spec.sink.webhook.layout["{{ bad"]',
        message: expect.stringContaining('function "bad"') as unknown,
      },
      {
        path: 'spec.sink.webhook.layout.deep.x',
        message: expect.stringContaining('unexpected {{end}}') as unknown,
      },
    ]);
  });

  it('names the text that failed for an event', () => {
    const layout = compile({ a: { b: '{{ .Series.Count }}' } });

    expect(problemsOf(() => layout.render(event))).toEqual([
      { path: 'spec.sink.webhook.layout.a.b', message: expect.stringContaining('nil pointer') as unknown },
    ]);
  });

  it('refuses a layout that nests too deep', () => {
    const deep = JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`) as unknown;

    expect(problemsOf(() => compile(deep))).toEqual([
      expect.objectContaining({ message: expect.stringContaining('flatten it') as unknown }),
    ]);
  });

  it('keeps a key called __proto__ as a key', () => {
    const layout = JSON.parse('{"__proto__": {"x": "{{ .Reason }}"}}') as unknown;

    expect(compile(layout).render(event)).toBe('{"__proto__":{"x":"BackOff"}}');
    expect(Object.getPrototypeOf(compile(layout).renderValue(event))).toBe(Object.prototype);
  });
});
