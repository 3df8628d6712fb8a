import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import eventbridge from '../../operator/sinks/eventbridge.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext } from '../sinks/sink-event.ts';
import { reachMoto, secretsOf, startAwsPeer } from './aws-peer.ts';
import { account, type Moto, region, startMoto } from './moto.ts';

const actions = ['events:DescribeEventBus', 'events:PutEvents'];
const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';

const eventCount = 25;

/** What EventBridge hands to a target. */
interface Delivered {
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** Makes a bus, and a rule that hands everything from it to CloudWatch Logs, which moto reads faster than its queues. */
async function prepareBus(moto: Moto) {
  const logGroupName = '/aws/events/operations';
  const client = new EventBridgeClient(moto.admin);
  await moto.call('logs', 'Logs_20140328.CreateLogGroup', { logGroupName });
  await client.send(new CreateEventBusCommand({ Name: 'operations' }));
  const rule = { Name: 'all', EventBusName: 'operations' };
  await client.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ account: [account] }) }));
  const Arn = `arn:aws:logs:${region}:${account}:log-group:${logGroupName}`;
  await client.send(
    new PutTargetsCommand({ Rule: rule.Name, EventBusName: rule.EventBusName, Targets: [{ Id: '1', Arn }] }),
  );
  return {
    fields: { eventBusName: 'operations', source: 'kubernetes', detailType: 'Kubernetes {{ .Type }}' },
    readsAll: true,
    read: async () => {
      const answer = await moto.call('logs', 'Logs_20140328.FilterLogEvents', { logGroupName });
      return (answer as { events: { message: string }[] }).events.map(({ message }) => message);
    },
    close: () => client.destroy(),
  };
}

const sorted = (documents: readonly unknown[]) => documents.map((each) => JSON.stringify(each)).sort();

describe('EventBridge', () => {
  let moto: Moto;
  let bus: Awaited<ReturnType<typeof prepareBus>>;
  let secrets: ReturnType<typeof secretsOf>;

  beforeAll(async () => {
    moto = await startMoto();
    bus = await prepareBus(moto);
    secrets = secretsOf(await moto.createUser('whole', actions));
  });
  afterAll(async () => {
    bus.close();
    await moto[Symbol.asyncDispose]();
  });

  const open = (fields: Record<string, unknown>) =>
    openWritten(eventbridge, { written: { ...fields, ...reachMoto(moto) }, secrets });

  it("hands each event on whole, with the event's own time", async () => {
    const events = Array.from({ length: eventCount }, (_, index) =>
      numberedEvent(index, `${index} ${strange}`),
    );
    await using sink = await open({ ...bus.fields, resources: ['arn:aws:eks:::cluster/{{ .ClusterName }}'] });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const delivered = (await bus.read()).map((body) => JSON.parse(body) as Delivered);
    expect(sorted(delivered.map(({ detail }) => detail))).toEqual(
      sorted(events.map(({ event }) => JSON.parse(exporterJson(event)) as unknown)),
    );
    expect(delivered[0]).toMatchObject({
      source: 'kubernetes',
      'detail-type': 'Kubernetes Warning',
      resources: ['arn:aws:eks:::cluster/prod'],
    });
    expect(new Date(delivered[0]?.time ?? '')).toEqual(new Date('2026-03-01T10:20:30Z'));
  });

  it('is found missing, and wrong keys refused, each in a sentence of its own', async () => {
    await using noBus = await open({ ...bus.fields, eventBusName: 'nowhere' });
    const wrong = { aws: { ...secrets.aws, secret: 'wr0ng/secret' } };
    await using liar = await openWritten(eventbridge, {
      written: { ...bus.fields, ...reachMoto(moto) },
      secrets: wrong,
    });

    const errors = [];
    for (const sink of [noBus, liar]) errors.push(await thrownBy(sink.check!(noAbort)));

    expect(errors.map(({ reason }) => reason)).toEqual(['TargetNotFound', 'Unauthorized']);
    expect(errors.map(({ message }) => message).join('\n')).toMatch(
      /bus "nowhere".*\n.*SignatureDoesNotMatch/,
    );
  });

  it('is content with a policy that allows putting alone', async () => {
    const context = sinkContext();
    const keys = secretsOf(await moto.createUser('putter', ['events:PutEvents']));
    await using sink = await openWritten(
      eventbridge,
      { written: { ...bus.fields, ...reachMoto(moto) }, secrets: keys },
      context,
    );

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);

    expect(context.warnings.join()).toContain('events:DescribeEventBus');
    expect(await bus.read()).toHaveLength(1 + eventCount);
  });
});

describeDelivery('a bus of EventBridge', {
  sinkName: 'eventbridge',
  identify: ({ event }) => event.uid,
  aspects: ['Outage', 'Credentials', 'Rotation'],
  start: () =>
    startAwsPeer({
      actions,
      identify: (body) => (JSON.parse(body) as { detail: { metadata: { uid: string } } }).detail.metadata.uid,
      prepare: prepareBus,
    }),
});
