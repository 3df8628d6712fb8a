import { createCatchUpWorker } from '../../operator/control/catch-up.ts';
import { createPipeline } from '../../operator/delivery/pipeline.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { fakeLog } from '../delivery/fakes.ts';
import { createFakeClock } from '../fake-clock.ts';

describe('a catch-up whose source cannot be read', () => {
  const warningsAfter = async (error: Error) => {
    const clock = createFakeClock();
    const log = fakeLog();
    const random = () => 0.5;
    const pipeline = createPipeline({
      ...{ clock, random, log, receiver: 'shop/a', policy: resolvePolicy(undefined) },
      observer: {},
      front: () => '9',
    });
    pipeline.catchUp.startAt({ position: '1', time: clock.date() });
    const worker = createCatchUpWorker({
      history: { replay: () => Promise.reject(error), compare: (one, other) => Number(one) - Number(other) },
      delivery: { pipelines: () => new Map([['shop/a', pipeline]]).entries() },
      destinationsOf: () => [],
      eventTtlMs: 3_600_000,
      onGap: () => undefined,
      ...{ clock, log, signal: new AbortController().signal },
    });
    worker.begin('9');
    worker.tick();
    await clock.settle();
    return log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  };

  it('warns that it failed', async () => {
    expect(await warningsAfter(new KubeError('no answer', { failure: 'network' }))).toEqual([
      'Failed to read Events again for receivers that are behind; trying again',
    ]);
  });

  it.each([new KubeError('given up', { failure: 'aborted' }), new DOMException('aborted', 'AbortError')])(
    'says nothing when it was given up because the operator stops (%s)',
    async (error) => {
      expect(await warningsAfter(error)).toEqual([]);
    },
  );
});
