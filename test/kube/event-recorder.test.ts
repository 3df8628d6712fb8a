import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import {
  createEventRecorder,
  type EventRecorder,
  type OwnEvent,
} from '../../operator/kube/event-recorder.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { type FaultServer, faults, startFaultServer } from './fault-server.ts';
import { createRecordingLog, type RecordingLog } from './recording-log.ts';

describe('the event recorder', () => {
  let server: FaultServer;
  let client: KubeClient;
  let clock: FakeClock;
  let log: RecordingLog;
  let recorder: EventRecorder;

  beforeEach(async () => {
    server = await startFaultServer();
    clock = createFakeClock();
    log = createRecordingLog();
    client = createApiClient({ credentials: server.credentials, log, maxAttempts: 1 });
    recorder = createEventRecorder({
      client,
      reportingController: 'eventroute.dev/controller',
      reportingInstance: 'pod-1',
      burst: 4,
      clock,
      log,
    });
  });

  afterEach(async () => {
    client.close();
    await server.stop();
  });

  const failing: OwnEvent = {
    object: {
      apiVersion: 'eventroute.dev/v1beta1',
      kind: 'EventReceiver',
      namespace: 'a',
      name: 'oncall',
      uid: 'u1',
      resourceVersion: '7',
    },
    type: 'Warning',
    reason: 'DeliveryFailing',
    message: 'slack answers 503',
  };
  const bodies = (): Record<string, unknown>[] =>
    server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

  it('makes a core/v1 Event about the object', async () => {
    recorder.record(failing);
    await recorder.stop();

    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/a/events' });
    expect(bodies()[0]).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^oncall\.[0-9a-f]+$/) as string, namespace: 'a' },
      involvedObject: failing.object,
      type: 'Warning',
      reason: 'DeliveryFailing',
      message: 'slack answers 503',
      source: { component: 'eventroute', host: 'pod-1' },
      reportingComponent: 'eventroute.dev/controller',
      reportingInstance: 'pod-1',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    });
  });

  it('raises the count of the first for repeats, and makes another for another message', async () => {
    recorder.record(failing);
    await clock.advance(2000);
    recorder.record(failing);
    recorder.record(failing);
    recorder.record({ ...failing, message: 'slack answers 500' });
    await recorder.stop();

    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH', 'POST']);
    expect(bodies().slice(1, 3)).toEqual([
      { count: 2, lastTimestamp: '2026-01-01T00:00:02Z' },
      { count: 3, lastTimestamp: '2026-01-01T00:00:02Z' },
    ]);
  });

  it('makes the Event anew when the first is gone', async () => {
    recorder.record(failing);
    server.failNext('other', () => false);
    server.failNext('other', faults.status(404, {}, 'NotFound'));
    recorder.record(failing);
    await recorder.stop();
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
  });

  it('limits the Events of one object, and allows more with time', async () => {
    const other = { ...failing, object: { ...failing.object, name: 'other', uid: 'u2' } };
    for (let index = 0; index < 10; index += 1) recorder.record(failing);
    recorder.record(other);
    await clock.advance(120_000);
    for (let index = 0; index < 10; index += 1) recorder.record(failing);
    await recorder.stop();

    expect(server.requests.filter(({ body }) => body.includes('u2'))).toHaveLength(1);
    expect(server.requests).toHaveLength(4 + 1 + 2);
  });

  it('logs what fails and goes on', async () => {
    server.failNext('other', faults.status(403, {}, 'Forbidden'));
    recorder.record(failing);
    recorder.record({ ...failing, reason: 'Ready', type: 'Normal' });
    await recorder.stop();

    expect(log.messages()).toEqual(['Failed to record an Event']);
    expect(log.lines[0]?.level).toBe('debug');
    expect(server.requests).toHaveLength(2);
  });

  it('takes nothing more after it was stopped', async () => {
    await recorder.stop();
    recorder.record(failing);
    expect(server.requests).toHaveLength(0);
  });
});
