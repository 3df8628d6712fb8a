import { readReceiver } from '../../operator/api/event-receiver.ts';
import { describeProblems } from '../../operator/schema/problem.ts';

const object = (spec: unknown) => ({
  apiVersion: 'eventroute.dev/v1beta1',
  kind: 'EventReceiver',
  metadata: { name: 'x', namespace: 'shop' },
  spec,
});
const receiverProblems = async (spec: unknown): Promise<string> => {
  const read = await readReceiver(object(spec));
  return 'problems' in read ? describeProblems(read.problems) : '';
};
const webhook = { webhook: { endpoint: 'https://example.com' } };
const allowed = (namespaces: unknown) => ({ sink: webhook, allowedRoutes: { namespaces } });

describe('an EventReceiver', () => {
  test.each([
    ['no spec', undefined, 'spec is required'],
    ['a spec that is null', null, 'spec must be a map, not null'],
    ['no sink', {}, 'spec.sink is required'],
    ['an unknown sink', { sink: { webhok: {} } }, 'spec.sink has `webhok`; did you mean `webhook`?'],
    ['a sink in another case', { sink: { Webhook: {} } }, 'spec.sink has `Webhook`; did you mean `webhook`?'],
    ['two sinks', { sink: { stdout: {}, ...webhook } }, /it has stdout and webhook$/],
    ['none', { sink: {} }, /^spec\.sink must have exactly one of .*; it is empty$/],
    ['a sink without a block', { sink: { stdout: null } }, 'spec.sink.stdout must be a map, not null'],
    [
      'a field in the wrong place',
      { sink: webhook, timeout: '5s' },
      /^spec has `timeout`, which is not known/,
    ],
    [
      'a near miss in the sink',
      { sink: { webhook: { endpont: 'https://example.com' } } },
      /^spec\.sink\.webhook .*did you mean `endpoint`/,
    ],
    [
      'a secret in both forms, in depth',
      {
        sink: {
          webhook: {
            ...webhook.webhook,
            bearer: { token: 'a', tokenSecretRef: { name: 'b', key: 'c' } },
          },
        },
      },
      'spec.sink.webhook.bearer sets both `token` and `tokenSecretRef`; keep one of them',
    ],
    [
      'a duration of the delivery',
      { sink: webhook, delivery: { retry: { maxAge: '1 hour' } } },
      'spec.delivery.retry.maxAge must be a duration such as 10s, 5m or 1h30m, not "1 hour"',
    ],
    [
      'a selector that is missing, which would let everybody in',
      allowed({ from: 'Selector' }),
      'spec.allowedRoutes.namespaces.selector is required when `from` is Selector',
    ],
    [
      'a selector without values',
      allowed({ from: 'Selector', selector: { matchExpressions: [{ key: 'a', operator: 'NotIn' }] } }),
      'spec.allowedRoutes.namespaces.selector.matchExpressions[0].values needs at least one value: the operator is NotIn',
    ],
  ])('is refused for %s', async (_, spec, message) => {
    expect(await receiverProblems(spec)).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty'])('is refused for a sink %s', async (name) => {
    const spec = JSON.parse(`{"sink":{"${name}":{}}}`) as unknown;
    expect(await receiverProblems(spec)).toContain(`spec.sink has \`${name}\``);
  });

  test('is taken with its sink, its delivery and its grants', async () => {
    const spec = { ...allowed({ from: 'All' }), delivery: { timeout: '5s' }, suspend: true };
    const read = await readReceiver(object(spec));
    expect(read).toMatchObject({
      receiver: {
        sinkName: 'webhook',
        delivery: { timeout: '5s' },
        allowedRoutes: { namespaces: { from: 'All' } },
        suspend: true,
      },
    });
  });
});
