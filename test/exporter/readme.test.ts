import { makeEvent } from '../routing/event-factory.ts';
import { convert, sinkOf, told } from './convert.ts';
import { createRouter } from './routed.ts';

// Each example of the exporter's README, in its shape and with its slips, made a whole file with data of our own.

const toAll = (receiver: string) => `route:\n  routes:\n  - match:\n    - receiver: ${receiver}\n`;

const blocks: readonly (readonly [sink: string, block: string])[] = [
  [
    'opsgenie',
    'apiKey: k\npriority: "P4"\nmessage: "{{ .Reason }} of {{ .InvolvedObject.Name }}"\nalias: "{{ .UID }}"\ndescription: "<pre>{{ toPrettyJson . }}</pre>"\ntags:\n  - "k8s"\n  - "{{ .InvolvedObject.Kind }}"',
  ],
  [
    'webhook',
    'endpoint: "https://hooks.example.com"\nheaders:\n  X-API-KEY: "987"\n  User-Agent: relay 2.0\nlayout: # Optional',
  ],
  [
    'elasticsearch',
    'hosts:\n  - http://es.example.com:9200\nindex: events\nindexFormat: "events-{2006-01-02}"\nusername: # optional\npassword: # optional\ncloudID: # optional\napiKey: # optional\nuseEventID: true\n# type: event\ndeDot: false\nlayout: # Optional\ntls: # optional\n  insecureSkipVerify: false\n  serverName: # optional\n  caFile: # optional',
  ],
  [
    'slack',
    'token: xoxb-1\nchannel: "@{{ .InvolvedObject.Labels.owner }}"\nmessage: "{{ .Message }}"\ncolor: # optional\ntitle: # optional\nauthor_name: # optional\nfooter: # optional\nfields:\n  reason: "{{ .Reason }}"',
  ],
  ['kinesis', 'streamName: "stream"\nregion: eu-west-1\nlayout: # Optional'],
  ['firehose', 'deliveryStreamName: "stream"\nregion: eu-west-1\nlayout: # Optional'],
  ['sns', 'topicARN: "arn:aws:sns:eu-west-1:123456789012:events"\nregion: "eu-west-1"\nlayout: # Optional'],
  ['sqs', 'queueName: "events"\nregion: eu-west-1\nlayout: # Optional'],
  ['file', 'path: "/tmp/events"\nlayout: # Optional'],
  ['stdout', '{ }'],
  [
    'kafka',
    'clientId: "k8s"\ntopic: "events"\nbrokers:\n  - "kafka.example.com:9092"\ncompressionCodec: "snappy"\ntls:\n  enable: true\n  certFile: "client.crt"\n  keyFile: "client.key"\n  caFile: "ca.crt"\nsasl:\n  enable: true\n  username: "relay"\n  passsord: "secret"\nlayout: #optionnal\n  kind: "{{ .InvolvedObject.Kind }}"\n  createdAt: "{{ .GetTimestampISO8601 }}"',
  ],
  [
    'opscenter',
    'title: "{{ .Message }}"\ncategory: "{{ .Reason }}"\ndescription: "{{ .Reason }} of {{ .InvolvedObject.Name }}"\nnotifications:\n  - "arn:aws:sns:eu-west-1:123456789012:a"\noperationalData:\n  Reason: "{{ .Reason }}"\npriority: "3"\nregion: "eu-west-1"\nrelatedOpsItems:\n  - "oi-1"\nseverity: "2"\nsource: "staging"\ntags:\n  ENV: "{{ .InvolvedObject.Namespace }}"',
  ],
  ['pubsub', 'gcloud_project_id: "project"\ntopic: "events"\ncreate_topic: False'],
  ['teams', 'endpoint: "https://outlook.office.com/webhook/abc"\nlayout: # Optional'],
  ['syslog', 'network: "tcp"\naddress: "127.0.0.1:10514"\ntag: "k8s"'],
  [
    'bigquery',
    'location: EU\nproject: project\ndataset: k8s\ntable: events\ncredentials_path:\nbatch_size: 100\nmax_retries: 2\ninterval_seconds: 5\ntimeout_seconds:',
  ],
  ['udp', 'host: logstash.example.com:5000'],
  ['pipe', 'path: "/dev/stdout"'],
  [
    'eventbridge',
    'detailType: "event"\nsource: "k8s"\neventBusName: "default"\nregion: "eu-west-1"\ndetails:\n  message: "{{ .Message }}"',
  ],
];

describe('the examples of the exporter README', () => {
  test.each(blocks)('%s runs, converts and gets what is routed to it', async (sink, block) => {
    const text = `# ...\nreceivers:\n  - name: "alerts"\n    ${sink}:\n${block.replaceAll(/^/gm, '      ')}\n${toAll('alerts')}`;
    for (const purpose of ['process', 'manifests'] as const) {
      const conversion = await convert(text, { purpose, readFile: () => 'PEM' });
      expect(told(conversion, 'error')).toEqual([]);
      expect(Object.keys(sinkOf(conversion))).toEqual([sink]);
      expect(createRouter(conversion)(makeEvent({ namespace: 'shop' }))).toEqual(['alerts']);
    }
  });

  test('the misspelt kinesis is one', async () => {
    const conversion = await convert(
      `receivers:\n- name: k\n  kineis: {streamName: s, region: r}\n${toAll('k')}`,
    );
    expect(sinkOf(conversion)).toEqual({ kinesis: { streamName: 's', region: 'r' } });
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:3: receivers\[0\]\.kineis .*`kinesis`/),
    ]);
  });

  test('a layout reaches the sink, nested as it is', async () => {
    const layout =
      'region: "eu"\ncreatedAt: "{{ .GetTimestampMs }}"\ndetails:\n  count: "{{ .Count }}"\n  labels: "{{ toJson .InvolvedObject.Labels}}"';
    const text = `receivers:\n- name: pipe\n  kinesis:\n    region: eu\n    streamName: s\n    layout:\n${layout.replaceAll(/^/gm, '      ')}\n${toAll('pipe')}`;
    expect(sinkOf(await convert(text)).kinesis!.layout).toEqual({
      region: 'eu',
      createdAt: '{{ .GetTimestampMs }}',
      details: { count: '{{ .Count }}', labels: '{{ toJson .InvolvedObject.Labels}}' },
    });
  });

  test('the tree dumps all, drops test namespaces and Normal events, and tells owners of objects', async () => {
    const text = `route:
  # Main
  routes:
    - match:
        - receiver: dump
    - drop:
        - namespace: "*test*"
        - type: "Normal"
      match:
        - receiver: "queue"
    - match:
        - kind: "Pod|Deployment"
          labels:
            stage: "dev"
          receiver: "chat"
receivers: [{name: dump, stdout: {}}, {name: queue, stdout: {}}, {name: chat, stdout: {}}]
`;
    const to = createRouter(await convert(text));
    const labels = { stage: 'dev' };
    expect(to(makeEvent({ namespace: 'shop', type: 'Normal' }))).toEqual(['dump']);
    expect(to(makeEvent({ namespace: 'shop', type: 'Warning' }))).toEqual(['dump', 'queue']);
    expect(to(makeEvent({ namespace: 'my-test-2', type: 'Warning' }))).toEqual(['dump']);
    expect(to(makeEvent({ namespace: 'my-test-2', involvedObject: { kind: 'Pod', labels } }))).toEqual([
      'chat',
      'dump',
    ]);
    expect(to(makeEvent({ involvedObject: { kind: 'Node', labels } }))).toEqual(['dump', 'queue']);
  });

  test('a layout without quotes is refused line by line, and the other receivers go on', async () => {
    const text = `receivers:\n- name: kafka\n  kafka:\n    topic: t\n    brokers: [b]\n    layout:\n      kind: {{ .InvolvedObject.Kind }}\n      at: {{ .GetTimestampISO8601 }}\n- name: out\n  stdout: {}\n${toAll('out')}`;
    const conversion = await convert(text);
    expect(told(conversion, 'error')).toEqual([
      expect.stringMatching(
        /^exporter\.yaml:7: receivers\[0\]\.kafka\.layout\.kind .*put the whole value in quotes/,
      ),
      expect.stringMatching(
        /^exporter\.yaml:8: receivers\[0\]\.kafka\.layout\.at .*put the whole value in quotes/,
      ),
    ]);
    expect(createRouter(conversion)(makeEvent({}))).toEqual(['out']);
  });

  test('the broken OpsCenter example is refused with line and remedy, slip by slip', async () => {
    const broken = `receivers:
  - name: "alerts"
    opscenter:
    title: "{{ .Message }}",
    description: "x"
`;
    await expect(convert(broken)).rejects.toThrow(
      /^exporter\.yaml:4: .*remove the comma after the value of `title`$/,
    );
    const conversion = await convert(broken.replace('",', '"'));
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:3: receivers\[0\]\.opscenter is empty.*or indent what belongs to it/),
      expect.stringMatching(/:4: receivers\[0\]\.title is not known/),
      expect.stringMatching(/:5: receivers\[0\]\.description is not known/),
    ]);
    await expect(convert('a:\n  - Reason: ""{ { .Reason } }"}"\n')).rejects.toThrow(
      /^exporter\.yaml:2: .*`Reason` in quotes/,
    );
  });

  test('placeholders such as true|false are told with their line', async () => {
    const conversion = await convert(
      'receivers:\n- name: e\n  elasticsearch:\n    hosts: [http://x]\n    deDot: true|false\n',
    );
    expect(told(conversion, 'error')).toEqual([
      expect.stringMatching(
        /:5: receivers\[0\]\.elasticsearch\.deDot must be true or false, not `true\|false`/,
      ),
    ]);
  });
});
