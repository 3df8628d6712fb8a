import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { runCommand } from '../cluster/command.ts';
import { eventually } from './eventually.ts';
import {
  installChart,
  type OperatorProcess,
  operatorProgram,
  rootNamespace,
  startOperator,
} from './operator-process.ts';
import { startWebhookRecorder, type WebhookRecorder } from './webhook-recorder.ts';

/** One receiver of each kind that the exporter has. */
const everyKind = `route:
  drop: [{namespace: "*test*"}, {message: "(?=x)"}]
  match: [{receiver: My Slack}, {labels: {app: "!x"}, minCount: 2, receiver: kafka}]
receivers:
  - {name: My Slack, slack: {token: xoxb-1, channel: "#c", message: "{{ .Message }}", fields: {a: "{{ .Reason }}"}}}
  - {name: hook, webhook: {endpoint: "https://example.com/x", headers: {X-API-KEY: k, A: "{{ .Name }}"}, layout: {n: 5, "{{x}}": [a, ~]}}}
  - {name: es, elasticsearch: {hosts: ["https://u:p@es:9200"], indexFormat: "k-{2006-01-02}", useEventID: true, tls: {caFile: /none.crt}}}
  - {name: os, opensearch: {hosts: ["https://os:9200"], index: k, username: u, password: p}}
  - {name: og, opsgenie: {apiKey: k, URL: "https://api.eu.opsgenie.com", priority: P3, tags: [a], details: {k: v}}}
  - {name: kafka, kafka: {clientId: c, topic: t, brokers: ["k:9092"], tls: {enable: true, caFile: /none.crt}, sasl: {enable: true, username: u, passsord: p, mechanism: sha512}}}
  - {name: kin, kineis: {streamName: s, region: r}}
  - {name: fh, firehose: {deliveryStreamName: s, region: r, deDot: true}}
  - {name: sqs, sqs: {queueName: q, region: r}}
  - {name: sns, sns: {topicARN: "arn:aws:sns:eu-west-1:123456789012:t", region: eu-west-1}}
  - {name: eb, eventbridge: {detailType: d, source: s, eventBusName: default, region: r, details: {m: "{{ .Message }}"}}}
  - {name: oc, opscenter: {title: t, description: d, source: s, priority: "3", tags: {ENV: e}, region: r}}
  - {name: ps, pubsub: {gcloud_project_id: p, topic: t, create_topic: true}}
  - {name: bq, bigquery: {project: p, dataset: d, table: t, credentials_path: /none.json, batch_size: 10, max_retries: 3}}
  - {name: ms_teams, teams: {endpoint: "https://outlook.office.com/webhook/x", layout: {message: "{{ .Message }}"}}}
  - {name: loki, loki: {url: "https://loki/loki/api/v1/push", streamLabels: {job: e}, headers: {X-Scope-OrgID: t}}}
  - {name: sys, syslog: {network: tcp, address: "127.0.0.1:514", tag: k8s}}
  - {name: f, file: {path: /tmp/x, maxsize: 5, maxage: 1, maxbackups: 2}}
  - {name: p, pipe: {path: /dev/stdout}}
  - {name: o, stdout: {deDot: true}}
  - {name: u, udp: {host: "x:5000"}}
`;

describe('coming from the exporter', () => {
  let cluster: Cluster;
  let webhook: WebhookRecorder;
  let operator: OperatorProcess | undefined;

  beforeAll(async () => {
    cluster = await startCluster();
    webhook = await startWebhookRecorder();
    await installChart(cluster);
  });
  afterEach(async () => {
    await operator?.stop('SIGKILL');
    operator = undefined;
  });
  afterAll(async () => {
    await webhook[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const config = async (text: string): Promise<string> => {
    const path = join(cluster.folder, 'exporter.yaml');
    await writeFile(path, text);
    return path;
  };
  const event = (name: string, body: object, method = 'POST') => {
    const path = `/api/v1/namespaces/default/events`;
    const now = new Date().toISOString().replace(/\.\d+/, '');
    return cluster.request(method === 'POST' ? path : `${path}/${name}`, {
      method,
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'Namespace', name: 'default', namespace: 'default' },
        reason: 'Tested',
        message: name,
        type: 'Warning',
        firstTimestamp: now,
        lastTimestamp: now,
        ...body,
      },
    });
  };
  const messages = () => webhook.requests.map(({ body }) => body.message);

  it('converts every kind of receiver into manifests that the API server takes', async () => {
    const path = await config(everyKind);
    const made = await runCommand(process.execPath, [
      operatorProgram(),
      'convert',
      path,
      '-n',
      rootNamespace,
    ]);
    expect(made).toMatchObject({ code: 0 });
    const applied = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], made.stdout);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout.match(/eventreceiver.*created/g)).toHaveLength(21);
  });

  it('runs on the file: first sights of its namespace go out, repeats and old Events do not', async () => {
    const path = await config(`namespace: default
clusterName: blue
metricsNamePrefix: event_exporter_
maxEventAgeSeconds: 60
route: {match: [{reason: Tested, receiver: hook}, {reason: Tested, receiver: nobody}]}
receivers:
  - {name: hook, webhook: {endpoint: "${webhook.url}/x", layout: {message: "{{ .Message }} in {{ .ClusterName }}"}}}
  - {name: broken, webhook: {}}
`);
    await event('before', { count: 7 });
    await event('long-ago', { count: 1, lastTimestamp: '2020-01-01T00:00:00Z' });
    operator = await startOperator(cluster, { args: ['--config', path] });
    expect((await event('first', { count: 3 })).status).toBe(201);
    await event('old', { count: 1, lastTimestamp: '2020-01-01T00:00:00Z' });
    await eventually(() => {
      expect(messages()).toEqual(['before in blue', 'first in blue']);
      return Promise.resolve();
    });
    for (const name of ['first', 'before', 'long-ago']) {
      expect((await event(name, { count: 8 }, 'PUT')).status).toBe(200);
    }
    await event('last', { count: 1 });
    await eventually(() => {
      expect(messages()).toEqual(['before in blue', 'first in blue', 'last in blue']);
      return Promise.resolve();
    });
    const metrics = await (await fetch(`${operator.url}/metrics`)).text();
    expect(metrics).toMatch(/^event_exporter_events_sent [1-9]/m);
    expect(operator.output()).toMatch(/Left out a part of the configuration.*exporter\.yaml:8/);
    expect(await operator.stop()).toBe(0);
  });
});
