import { parseDocument } from 'yaml';

import { writeFiles } from '../../operator/exporter/manifest-files.ts';
import { convert, sinkOf, told } from './convert.ts';

/** A file with one receiver, `r`, whose block begins in line 4. */
const file = (block: string) => `receivers:\n- name: r\n  # the block\n${block.replaceAll(/^/gm, '  ')}\n`;
const sink = async (block: string) => sinkOf(await convert(file(block)));
const secretsOf = async (block: string, files: Record<string, string> = {}) => {
  const { receivers } = await convert(file(block), { readFile: (path) => files[path] });
  return Object.fromEntries(
    receivers.flatMap(({ secrets }) => secrets.map(({ name, values }) => [name, Object.fromEntries(values)])),
  );
};

describe('receivers that cannot be used', () => {
  test('do not stop the others', async () => {
    const conversion = await convert(
      'receivers:\n- {name: bad, webhook: {}}\n- {name: good, stdout: {}}\n- {stdout: {}}\n-\nroute:\n  match:\n  - {receiver: bad}\n  - {receiver: good}\n',
    );
    expect(conversion.receivers.map(({ written }) => written)).toEqual(['good']);
    expect(told(conversion, 'error')).toEqual([
      expect.stringMatching(/:4: receivers\[2\] has no name/),
      expect.stringMatching(/:5: receivers\[3\] is empty/),
      expect.stringMatching(/:2: receivers\[0\]\.webhook.* `endpoint`/),
    ]);
    expect(told(conversion, 'advice')).toEqual([
      expect.stringMatching(/:8: route\.match\[0\]\.receiver names bad, which cannot be used/),
    ]);
    expect(conversion.route.spec).toMatchObject({ match: [{}, { receiver: 'good' }] });
  });

  test.each([
    [
      'stdout:',
      /:2: receivers\[0\] has no sink/,
      /:4: receivers\[0\]\.stdout is empty.*write `stdout: \{\}`/,
    ],
    ['inMemory: {}', /:4: receivers\[0\]\.inMemory keeps events in memory/, undefined],
    [
      'slak: {token: x}',
      /:2: receivers\[0\] has no sink/,
      /:4: receivers\[0\]\.slak .*did you mean `slack`\?/,
    ],
    [
      'webhook:\n  endpoint: [a]',
      /:5: receivers\[0\]\.webhook\.endpoint must be a text, not a list/,
      undefined,
    ],
    [
      'webhook: {endpoint: "http://x", layout: [a]}',
      /:4: receivers\[0\]\.webhook\.layout must be a map/,
      undefined,
    ],
    [
      'webhook:\n  endpoint: "http://x"\n  layout:\n    a: {{ .Message }}',
      /:7: receivers\[0\]\.webhook\.layout\.a begins with \{\{ and has no quotes/,
      undefined,
    ],
    [
      'webhook:\n  endpoint: "http://x"\n  layout:\n    a: "{{ .Message"',
      /:6: receivers\[0\]\.webhook\.layout\.a .*unclosed action/,
      undefined,
    ],
    [
      'elasticsearch:\n  hosts: [x]\n  useEventID: true|false',
      /:6: .*useEventID must be true or false, not `true\|false`/,
      undefined,
    ],
    ['file: {}', /:4: receivers\[0\]\.file\.path is required/, undefined],
    [
      'bigquery: {dataset: d, table: t, credentials_path: /none.json}',
      /:4: .*names the file \/none\.json, which cannot be read/,
      undefined,
    ],
  ])('%j tells what is wrong and where', async (block, error, warning) => {
    const conversion = await convert(file(block));
    expect(conversion.receivers).toEqual([]);
    expect(told(conversion, 'error')).toEqual([expect.stringMatching(error)]);
    expect(told(conversion, 'warning')).toEqual(
      warning === undefined ? [] : [expect.stringMatching(warning)],
    );
  });

  test('of several sinks the first of the exporter counts, and the others are told', async () => {
    const conversion = await convert(file('stdout: {}\nwebhook: {endpoint: "http://x"}\nfile: {path: /x}'));
    expect(Object.keys(sinkOf(conversion))).toEqual(['webhook']);
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:6: receivers\[0\]\.file is ignored .*here webhook/),
      expect.stringMatching(/:4: receivers\[0\]\.stdout is ignored/),
    ]);
  });

  test('of equal names the last counts', async () => {
    const conversion = await convert('receivers:\n- {name: r, stdout: {}}\n- {name: r, pipe: {path: /x}}\n');
    expect(sinkOf(conversion)).toEqual({ pipe: { path: '/x' } });
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:3: receivers\[1\] has the name of receivers\[0\] in line 2/),
    ]);
  });

  test('unknown keys are told with the one that may be meant', async () => {
    const conversion = await convert(file('slack:\n  token: x\n  channel: c\n  mesage: m'));
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:7: receivers\[0\]\.slack\.mesage .*did you mean `message`\?/),
    ]);
  });

  test('templates that would read the environment are told', async () => {
    const block =
      'webhook:\n  endpoint: "http://x"\n  layout:\n    a: \'{{ env "HOME" }}\'\n    b: \'{{ "env" }} {{ .env }} env\'';
    const conversion = await convert(file(block));
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:6: receivers\[0\]\.webhook\.layout\.a calls env, with which/),
    ]);
  });

  test('no message holds a credential', async () => {
    const conversion = await convert(
      file(
        'kafka:\n  topic: t\n  brokers: [b]\n  sasl: {enable: true, passsord: hunter2, username: [hunter2]}\n  compressionCodec: {}',
      ),
    );
    expect(told(conversion).join('\n')).not.toContain('hunter2');
  });
});

describe('the names of receivers', () => {
  test('become names of Kubernetes, each its own', async () => {
    const names = ['ms_teams', 'MS Teams', 'ms-teams', 'ça', '###', 'x'.repeat(80), 'a.b'];
    const conversion = await convert(
      JSON.stringify({
        receivers: names.map((name) => ({ name, stdout: {} })),
        route: { match: names.map((receiver) => ({ receiver })) },
      }),
    );
    const made = conversion.receivers.map(({ object }) => object.metadata.name);
    expect(made).toEqual(['ms-teams', 'ms-teams-2', 'ms-teams-3', 'a', 'receiver', 'x'.repeat(63), 'a-b']);
    expect((conversion.route.spec as { match: unknown }).match).toEqual(
      made.map((receiver) => ({ receiver })),
    );
  });
});

describe('credentials', () => {
  test.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'of Slack',
      'slack: {token: xoxb, channel: "#c", message: m, author_name: A, fields: {}}',
      {
        slack: {
          tokenSecretRef: { name: 'eventroute-r', key: 'token' },
          channel: '#c',
          message: 'm',
          authorName: 'A',
          fields: {},
        },
      },
      { 'eventroute-r': { token: { text: 'xoxb' } } },
    ],
    [
      'of a webhook, its URL and headers included',
      'webhook: {endpoint: "https://u:p@x/y", headers: {X-API-KEY: "123", User-Agent: me, Authorization: "{{ .Name }}"}}',
      {
        webhook: {
          endpointSecretRef: { name: 'eventroute-r', key: 'endpoint' },
          headers: { 'User-Agent': 'me', Authorization: '{{ .Name }}' },
          headersSecretRef: { name: 'eventroute-r-headers' },
        },
      },
      {
        'eventroute-r': { endpoint: { text: 'https://u:p@x/y' } },
        'eventroute-r-headers': { 'X-API-KEY': { text: '123' } },
      },
    ],
    [
      'of Kafka, by its misspelling',
      'kafka: {topic: t, brokers: [b], clientId: c, sasl: {enable: true, username: u, passsord: p, mechanism: sha512}}',
      {
        kafka: {
          topic: 't',
          brokers: ['b'],
          clientId: 'c',
          createTopic: true,
          sasl: {
            username: 'u',
            passwordSecretRef: { name: 'eventroute-r', key: 'sasl.password' },
            mechanism: 'scram-sha-512',
          },
        },
      },
      { 'eventroute-r': { 'sasl.password': { text: 'p' } } },
    ],
    [
      'in the addresses of Elasticsearch',
      'elasticsearch: {hosts: ["https://me:p%40ss@a:9200", "https://me:p%40ss@b:9200"], index: i, useEventID: true}',
      {
        elasticsearch: {
          hosts: ['https://a:9200', 'https://b:9200'],
          index: 'i',
          useEventID: true,
          username: 'me',
          passwordSecretRef: { name: 'eventroute-r', key: 'password' },
        },
      },
      { 'eventroute-r': { password: { text: 'p@ss' } } },
    ],
    [
      'of Opsgenie, with its URL in capitals',
      'opsgenie: {apiKey: k, URL: "https://api.eu.opsgenie.com", priority: P2, tags: [a, 1], details: {n: 1.10}}',
      {
        opsgenie: {
          apiKeySecretRef: { name: 'eventroute-r', key: 'apiKey' },
          url: 'https://api.eu.opsgenie.com',
          priority: 'P2',
          tags: ['a', '1'],
          details: { n: '1.1' },
        },
      },
      { 'eventroute-r': { apiKey: { text: 'k' } } },
    ],
  ])('%s go into Secrets', async (_, block, config, secrets) => {
    expect(await sink(block)).toEqual(config);
    expect(await secretsOf(block)).toEqual(secrets);
  });

  test('in files stay paths, and their content is what validation sees', async () => {
    const files = { '/ca.crt': 'CA', '/tls.crt': 'CERT', '/tls.key': 'KEY', '/sa.json': '{}' };
    const tls =
      'tls: {caFile: /ca.crt, certFile: /tls.crt, keyFile: /tls.key, serverName: s, insecureSkipVerify: true}';
    expect(await secretsOf(`loki: {url: "http://x", ${tls}}`, files)).toEqual({
      'eventroute-r': { url: { text: 'http://x' } },
      'eventroute-r-tls': {
        'ca.crt': { file: '/ca.crt' },
        'tls.crt': { file: '/tls.crt' },
        'tls.key': { file: '/tls.key' },
      },
    });
    expect(
      await secretsOf('bigquery: {project: p, dataset: d, table: t, credentials_path: /sa.json}', files),
    ).toEqual({
      'eventroute-r': { credentials: { file: '/sa.json' } },
    });
  });

  test('that are empty are none', async () => {
    const block =
      'elasticsearch: {hosts: ["http://x"], username: , password: , apiKey: "", cloudID: ~, tls: , layout: }';
    expect(await sink(block)).toEqual({ elasticsearch: { hosts: ['http://x'] } });
    expect(await secretsOf(block)).toEqual({});
  });

  test('go into manifests as text, with the content of files or a text to be replaced', async () => {
    const text = file('loki:\n  url: ${LOKI}\n  tls: {caFile: /ca.crt, keyFile: /none.key}');
    const readFile = (path: string) => (path === '/ca.crt' ? 'PEM' : undefined);
    const conversion = await convert(text, { purpose: 'manifests', readFile });
    const files = writeFiles(conversion, { file: 'exporter.yaml', namespace: 'root', readFile });
    const [secrets] = files;
    expect(secrets).toMatchObject({ name: '1-secrets.yaml', isSecret: true });
    expect(secrets!.text).toContain('url: ${LOKI}');
    expect(secrets!.text).toContain('ca.crt: PEM');
    expect(secrets!.text).toContain('tls.key: REPLACE THIS by the content of /none.key');
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:5: the environment variable LOKI is not set here/),
      expect.stringMatching(/:6: receivers\[0\]\.loki\.tls is read and then not used by the exporter/),
      expect.stringMatching(/:4: receivers\[0\]\.loki names the file \/none\.key/),
    ]);
    const rest = files.slice(1).map((made) => made.text);
    expect(rest.join('\n')).not.toContain('PEM');
  });
});

describe('what differs between the sinks', () => {
  test.each<[string, string, Record<string, unknown>, RegExp[]]>([
    [
      'kafka without enable has no TLS and no SASL',
      'kafka: {topic: t, brokers: [b], tls: {caFile: /x}, sasl: {username: u, password: p}, compressionCodec: zip, version: 2.0.0}',
      { topic: 't', brokers: ['b'], createTopic: true },
      [
        /kafka\.tls is used by the exporter with `enable: true` only/,
        /kafka\.sasl is used/,
        /compressionCodec is none that/,
      ],
    ],
    [
      'kafka prefers a layout to Avro',
      'kafka: {topic: t, brokers: [b], layout: {a: b}, avro: {schemaID: "00000000000000000000000000000000", schema: "{}"}}',
      { topic: 't', brokers: ['b'], layout: { a: 'b' }, createTopic: true },
      [/kafka\.avro is not used by the exporter beside a layout/],
    ],
    [
      'slack shows an attachment with fields only',
      'slack: {token: x, channel: c, message: m, title: t, color: c}',
      { tokenSecretRef: { name: 'eventroute-r', key: 'token' }, channel: 'c', message: 'm' },
      [/slack\.title is not shown/, /slack\.color is not shown/],
    ],
    [
      'firehose puts nothing between records',
      'firehose: {deliveryStreamName: d}',
      { deliveryStreamName: 'd', delimiter: '' },
      [],
    ],
    [
      'syslog writes lines',
      'syslog: {network: tcp, address: "x:514", tag: k8s}',
      { network: 'tcp', address: 'x:514', tag: 'k8s', format: 'RFC3164' },
      [],
    ],
    [
      'teams takes the message of a layout',
      'teams: {endpoint: "https://outlook.office.com/webhook/x", layout: {message: "{{ .Message }}", other: 1}}',
      {
        endpointSecretRef: { name: 'eventroute-r', key: 'endpoint' },
        format: 'MessageCard',
        message: '{{ .Message }}',
      },
      [/teams\.layout is used by the exporter for its keys/],
    ],
    [
      'bigquery keeps its batches',
      'bigquery: {project: p, dataset: d, table: t, batch_size: 10, interval_seconds: 5, max_retries: 3}',
      { projectId: 'p', dataset: 'd', table: 't', batchSize: 10, intervalSeconds: 5 },
      [],
    ],
    [
      'a key in other capitals is taken, and told',
      'sns: {topicArn: "arn:aws:sns:x:1:t", Region: r}',
      { topicArn: 'arn:aws:sns:x:1:t', region: 'r' },
      [/sns\.topicArn is ignored by the exporter, which calls it `topicARN`/, /sns\.Region is ignored/],
    ],
  ])('%s', async (_, block, config, warnings) => {
    const conversion = await convert(file(block));
    expect(Object.values(sinkOf(conversion))).toEqual([config]);
    expect(told(conversion, 'warning')).toEqual(
      warnings.map((warning) => expect.stringMatching(warning) as string),
    );
  });

  test('layouts keep what the exporter makes null of, and their keys are no templates', async () => {
    const conversion = await convert(
      file(
        'stdout:\n  layout:\n    n: 5\n    b: [true, ~]\n    "{{ .Name }}": x\n    1: {on: yes}\n    d: 2020-01-01',
      ),
    );
    expect(sinkOf(conversion).stdout!.layout).toEqual({
      n: 5,
      b: [true, null],
      '{{"{{"}} .Name }}': 'x',
      1: { on: 'yes' },
      d: '2020-01-01',
    });
    expect(told(conversion, 'difference')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /:6: receivers\[0\]\.stdout\.layout\.n is sent as null by the exporter.* sent as 5$/,
        ),
        expect.stringMatching(/:7: receivers\[0\]\.stdout\.layout\.b\[0\] is sent as null/),
      ]),
    );
  });

  test('an empty layout stays one, an absent one is none', async () => {
    expect(await sink('stdout: {layout: {}}')).toEqual({ stdout: { layout: {} } });
    expect(await sink('stdout: {layout: }')).toEqual({ stdout: {} });
  });
});

describe('the files that are written', () => {
  test('keep texts that YAML would read as something else', async () => {
    const text = file('stdout: {layout: {a: "yes", b: "007", c: "{{ .X }}", d: "*a", e: "x: y"}}');
    const conversion = await convert(text.replace('{{ .X }}', '{{ .Name }}'), { purpose: 'manifests' });
    const files = writeFiles(conversion, { file: 'f', namespace: 'ops', readFile: () => undefined });
    const receiver = files.find(({ name }) => name === '2-receivers.yaml')!;
    expect(parseDocument(receiver.text).toJS()).toEqual(conversion.receivers[0]!.object);
    expect(files.map(({ name }) => name)).toEqual(['2-receivers.yaml', '3-route.yaml', 'MIGRATION.md']);
  });

  test('give the report every finding with its line, safe to render', async () => {
    const text = `maxEventAgeSeconds: 60\nclusterName: it's\nroute:\n  drop: [{namespace: "*<b>|[x](y)"}]\n${file('stdout: {}')}`;
    const conversion = await convert(text, { purpose: 'manifests' });
    const report = writeFiles(conversion, { file: 'f', namespace: 'ops', readFile: () => undefined }).at(
      -1,
    )!.text;
    expect(report).toContain('- line 4, `route.drop[0].namespace`: is not a valid RE2 pattern');
    expect(report).not.toMatch(/[^\\]<b>/);
    expect(report).toContain("- `--cluster-name 'it'\\''s'`");
    expect(report).toContain('- `--max-event-age 60s`');
    for (const { line } of conversion.findings)
      if (line !== undefined) expect(report).toContain(`line ${line}`);
  });

  test('write repeats as the file says', async () => {
    const repeats = async (text: string) =>
      ((await convert(text, { purpose: 'manifests' })).route.spec as { repeats: string }).repeats;
    expect(await repeats('reportUpdates: false')).toBe('First');
    expect(await repeats('reportUpdates: true')).toBe('All');
    expect(await repeats('')).toBe('All');
  });
});
