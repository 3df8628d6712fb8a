/**
 * Renders a second of three templates, beside eta rendering hand-written JavaScript for the same outputs. The ratio is
 * ours divided by eta's; the limit is 0.5 for each.
 */
import assert from 'node:assert/strict';
import { Eta } from 'eta';
import { goEvent } from '../operator/event/go-event.ts';
import { compileLayout } from '../operator/template/layout.ts';
import { compileTemplate } from '../operator/template/template.ts';

const event = {
  metadata: {
    name: 'web-7d4b9.17a8f0c2',
    namespace: 'payments',
    uid: '6f1c2a34-9b0d-4c1e-8f77-0123456789ab',
  },
  reason: 'BackOff',
  message: 'Back-off restarting failed container web in pod web-7d4b9_payments(11111111-2222)',
  source: { component: 'kubelet', host: 'node-1' },
  firstTimestamp: '2024-03-05T07:08:09Z',
  lastTimestamp: '2024-03-05T09:10:11Z',
  count: 42,
  type: 'Warning',
  action: 'Restarting',
  reportingComponent: 'kubelet',
  reportingInstance: 'node-1',
  clusterName: 'prod-eu',
  involvedObject: {
    kind: 'Pod',
    namespace: 'payments',
    name: 'web-7d4b9',
    uid: '11111111-2222-3333-4444-555555555555',
    apiVersion: 'v1',
    labels: { app: 'web', tier: 'frontend', version: 'v1.2.3', team: 'core' },
    deleted: false,
  },
};

type Render = (data: typeof event) => string;

const eta = new Eta({ autoEscape: false, autoTrim: false });
const handWritten = (source: string): Render => {
  const compiled = eta.compile(source);
  return (data) => compiled.call(eta, data, undefined);
};
const ours = (source: string): Render => {
  const compiled = compileTemplate(source, { root: goEvent });
  return (data) => compiled.render(data);
};

const layoutKeys: Readonly<Record<string, string>> = {
  action: 'action',
  cluster: 'clusterName',
  component: 'source.component',
  host: 'source.host',
  instance: 'reportingInstance',
  kind: 'involvedObject.kind',
  message: 'message',
  name: 'involvedObject.name',
  namespace: 'involvedObject.namespace',
  object: 'metadata.name',
  reason: 'reason',
  reporter: 'reportingComponent',
  type: 'type',
  uid: 'metadata.uid',
  version: 'involvedObject.labels.version',
};
const layout = compileLayout(
  Object.fromEntries(Object.entries(layoutKeys).map(([key, path]) => [key, `{{ .${path} }}`])),
  { root: goEvent, path: 'layout' },
);
const layoutByHand = Object.entries(layoutKeys).map(
  ([key, path]) => `"${key}":<%~ JSON.stringify(it.${path}) %>`,
);

const slack =
  '*{{ .Reason }}* on {{ .InvolvedObject.Kind | lower }}/{{ .InvolvedObject.Name }}\n' +
  '{{ if eq .Type "Warning" }}:warning: {{ else }}:info: {{ end }}{{ .Message | trunc 60 }}\n' +
  '{{ range $k, $v := .InvolvedObject.Labels }}• {{ $k }}: {{ $v | upper }}\n{{ end }}' +
  '{{ if gt .Count 10 }}seen {{ .Count }} times{{ end }}';
const slackByHand =
  '*<%~ it.reason %>* on <%~ it.involvedObject.kind.toLowerCase() %>/<%~ it.involvedObject.name %>\n' +
  "<% if (it.type === 'Warning') { %>:warning: <% } else { %>:info: <% } %><%~ it.message.slice(0, 60) %>\n" +
  '<% for (const k of Object.keys(it.involvedObject.labels).sort()) { %>• <%~ k %>: ' +
  '<%~ it.involvedObject.labels[k].toUpperCase() %>\n<% } %>' +
  '<% if (it.count > 10) { %>seen <%~ it.count %> times<% } %>';

const cases: Readonly<Record<string, readonly [Render, Render]>> = {
  'one line': [
    ours('{{ .Reason }} {{ .InvolvedObject.Namespace }}/{{ .InvolvedObject.Name }}: {{ .Message }}'),
    handWritten(
      '<%~ it.reason %> <%~ it.involvedObject.namespace %>/<%~ it.involvedObject.name %>: <%~ it.message %>',
    ),
  ],
  'layout of 15 keys': [(data) => layout.render(data), handWritten(`{${layoutByHand.join(',')}}`)],
  'Slack message': [ours(slack), handWritten(slackByHand)],
};

function rate(render: Render, forMs: number): number {
  const until = performance.now() + forMs;
  const started = performance.now();
  let count = 0;
  let length = 0;
  while (performance.now() < until) {
    // Whoever sends a text reads it: without that, it would not even be joined.
    for (let turn = 0; turn < 200; turn += 1) length += Buffer.byteLength(render(event));
    count += 200;
  }
  assert(length > 0);
  return (count / (performance.now() - started)) * 1_000;
}

const thousands = (perSecond: number): string => `${(perSecond / 1_000).toFixed(0)} k/s`;

for (const [name, [render, baseline]] of Object.entries(cases)) {
  assert.equal(render(event), baseline(event), `${name}: both must render the same`);
  rate(render, 300);
  rate(baseline, 300);
  // Alternating rounds, so that both see the same machine; the best of each counts.
  const rounds = Array.from({ length: 5 }, () => [rate(render, 300), rate(baseline, 300)] as const);
  const best = Math.max(...rounds.map(([mine]) => mine));
  const bestBaseline = Math.max(...rounds.map(([, theirs]) => theirs));
  const ratio = best / bestBaseline;
  console.log(
    `${name}: ${thousands(best)}, eta by hand ${thousands(bestBaseline)}, ratio ${ratio.toFixed(2)} (at least 0.5)`,
  );
  if (ratio < 0.5) process.exitCode = 1;
}
