import { checkPolicy } from '../../operator/delivery/policy-check.ts';
import { deliveryFields } from '../../operator/delivery/policy-fields.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createValidator } from '../../operator/schema/validate.ts';
import { writtenSchema } from '../../operator/schema/written.ts';

describe('resolvePolicy', () => {
  it('gives the general defaults when nothing is written', () => {
    expect(resolvePolicy(undefined)).toEqual({
      timeoutMs: 10_000,
      retry: { initialMs: 1_000, maxMs: 300_000, maxAgeMs: 3_600_000 },
      batch: {
        maxEvents: 1,
        maxBytes: 1_048_576,
        maxWaitMs: 1_000,
        maxEventBytes: undefined,
        oversized: 'Truncate',
      },
      buffer: { maxEvents: 10_000, onFull: 'CatchUp' },
      concurrency: 4,
      ordering: 'PerObject',
    });
  });

  it('prefers what suits the sink to the general defaults', () => {
    const defaults = {
      timeoutMs: 30_000,
      batch: { maxEvents: 500, maxBytes: 5_000_000, maxWaitMs: 200 },
      concurrency: 2,
    };
    expect(resolvePolicy({}, defaults)).toMatchObject({
      timeoutMs: 30_000,
      batch: defaults.batch,
      concurrency: 2,
    });
  });

  it('prefers what the user wrote to both', () => {
    const written = {
      timeout: '1m30s',
      retry: { initial: '250ms', max: '10s', maxAge: '0s' },
      batch: { maxEvents: 7, maxBytes: '2Mi', maxWait: '0s' },
      buffer: { maxEvents: 50, onFull: 'DropNewest' },
      concurrency: 9,
      ordering: 'None',
      oversized: 'Drop',
    };
    expect(
      resolvePolicy(written, { timeoutMs: 1, concurrency: 1, batch: { maxEvents: 2 }, maxEventBytes: 900 }),
    ).toEqual({
      timeoutMs: 90_000,
      retry: { initialMs: 250, maxMs: 10_000, maxAgeMs: 0 },
      batch: { maxEvents: 7, maxBytes: 2_097_152, maxWaitMs: 0, maxEventBytes: 900, oversized: 'Drop' },
      buffer: { maxEvents: 50, onFull: 'DropNewest' },
      concurrency: 9,
      ordering: 'None',
    });
  });

  it('has a rate limit only where one is written', () => {
    expect(resolvePolicy({}).rateLimit).toBeUndefined();
    expect(resolvePolicy({ rateLimit: { events: 30 } }).rateLimit).toEqual({
      ...{ events: 30, perMs: 60_000, burst: 30, onExceeded: 'Summarize' },
    });
    const written = { events: 5, per: '1h30m', burst: 2, onExceeded: 'Wait' };
    expect(resolvePolicy({ rateLimit: written }).rateLimit).toEqual({
      ...{ events: 5, perMs: 5_400_000, burst: 2, onExceeded: 'Wait' },
    });
  });

  it('takes a byte size that is written as a number', () => {
    expect(resolvePolicy({ batch: { maxBytes: 2_048 } }).batch.maxBytes).toBe(2_048);
  });

  it('lets defaults give way to what is written', () => {
    expect(resolvePolicy({ retry: { initial: '10m' } }).retry.maxMs).toBe(600_000);
    expect(resolvePolicy({ retry: { max: '500ms' } }).retry.initialMs).toBe(500);
    expect(resolvePolicy({ buffer: { maxEvents: 100 } }, { batch: { maxEvents: 500 } }).batch.maxEvents).toBe(
      100,
    );
  });
});

describe('checkPolicy', () => {
  it('finds nothing wrong with no policy, an empty one and its own examples', () => {
    expect(checkPolicy(undefined)).toEqual([]);
    expect(checkPolicy({})).toEqual([]);
    const written = {
      timeout: '10s',
      retry: { initial: '1s', max: '5m', maxAge: '1h' },
      batch: { maxBytes: '1Mi' },
    };
    expect(checkPolicy(written)).toEqual([]);
  });

  it.each([
    [{ timeout: '0s' }, 'spec.delivery.timeout must be from 10ms to 1h, not "0s"'],
    [{ retry: { initial: '2h' } }, 'spec.delivery.retry.initial must be from 10ms to 1h, not "2h"'],
    [{ retry: { maxAge: '300h' } }, 'spec.delivery.retry.maxAge must be from 0s to 7d, not "300h"'],
    [{ retry: { max: 'soon' } }, 'spec.delivery.retry.max must be a duration such as 10s, 5m or 1h30m'],
    [
      { retry: { initial: '1m', max: '1s' } },
      'spec.delivery.retry.initial must not be longer than max ("1s"), not "1m"',
    ],
    [{ batch: { maxBytes: '1Gi' } }, 'spec.delivery.batch.maxBytes must be from 1Ki to 256Mi, not "1Gi"'],
    [{ batch: { maxBytes: 5 } }, 'spec.delivery.batch.maxBytes must be from 1Ki to 256Mi, not 5'],
    [
      { batch: { maxEvents: 20 }, buffer: { maxEvents: 10 } },
      'spec.delivery.batch.maxEvents must not be larger than buffer.maxEvents (10), or no batch would ever be full',
    ],
    [
      { rateLimit: { events: 5, per: '500ms' } },
      'spec.delivery.rateLimit.per must be from 1s to 1d, not "500ms"',
    ],
    [
      { rateLimit: { events: 5, per: 'minute' } },
      'spec.delivery.rateLimit.per must be a duration such as 10s, 5m or 1h30m',
    ],
    [{ oversized: 'DeadLetter' }, 'spec.delivery.deadLetterRef is required when `oversized` is DeadLetter'],
  ])('says what is wrong with %j', (written, told) => {
    expect(checkPolicy(written).map(({ path, message }) => `${path} ${message}`)).toEqual([told]);
  });
});

describe('deliveryFields', () => {
  const validate = createValidator(writtenSchema(deliveryFields));

  it('take what users write and refuse what no code obeys', () => {
    expect(
      validate({ timeout: '10s', batch: { maxBytes: '1Mi' }, ordering: 'None' }, 'spec.delivery'),
    ).toEqual([]);
    expect(validate({ throttle: { events: 1 } }, 'spec.delivery')).toHaveLength(1);
  });

  it('refuse numbers out of bounds', () => {
    const written = {
      concurrency: 0,
      batch: { maxEvents: 10_001 },
      buffer: { maxEvents: 0 },
      rateLimit: { events: 0, burst: 1_000_001, onExceeded: 'Drop' },
    };
    expect(
      validate(written, 'spec.delivery')
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      'spec.delivery.batch.maxEvents',
      'spec.delivery.buffer.maxEvents',
      'spec.delivery.concurrency',
      'spec.delivery.rateLimit.burst',
      'spec.delivery.rateLimit.events',
      'spec.delivery.rateLimit.onExceeded',
    ]);
    expect(validate({ rateLimit: { per: '1m' } }, 'spec.delivery')).toHaveLength(1);
  });
});
