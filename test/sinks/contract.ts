import { inspect } from 'node:util';

import type { TObject } from '@sinclair/typebox';

import { createValidator } from '../../operator/schema/validate.ts';
import { writtenSchema, type WrittenSchema } from '../../operator/schema/written.ts';
import {
  DeliveryError,
  openSink,
  resolveConfig,
  secretRefs,
  type Sink,
  type SinkDefinition,
} from '../../operator/sink-kit/index.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent, timeoutError } from './sink-event.ts';

/** A stand-in for a sink's system, and the configuration by which a sink reaches it. */
export interface ContractPeer extends AsyncDisposable {
  /** The sink's configuration as a user writes it, with references to `secrets`. */
  readonly written: Readonly<Record<string, unknown>>;
  /** The Secrets that `written` refers to. Their values are looked for in every error, so they are long and peculiar. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How many events the system has taken. */
  readonly taken: () => number;
  /** From now on the system takes connections and never answers; left away where the transport has no answers. */
  readonly hang?: () => void;
  /** From now on the system fails, and puts into its answers all that it was sent. */
  readonly failAndEcho?: () => void;
  /** Connections that are open. */
  readonly connections?: () => number;
}

/** What a sink's test says about it. */
export interface SinkContract<Config extends TObject, Payload, Peer extends ContractPeer> {
  readonly definition: SinkDefinition<Config, Payload>;
  /** Starts the stand-in on loopback, on a free port. */
  readonly start: () => Promise<Peer>;
  /** Fields by which one event cannot be rendered: a layout or template that fails on the usual test event. */
  readonly unrenderable?: Readonly<Record<string, unknown>>;
}

/** Opens a sink as the operator does: resolved, with redaction. */
export async function openWritten<Config extends TObject, Payload>(
  definition: SinkDefinition<Config, Payload>,
  { written, secrets = {} }: Pick<ContractPeer, 'written' | 'secrets'>,
  context = sinkContext(),
): Promise<Sink<Payload> & AsyncDisposable> {
  const path = 'spec.sink.test';
  const resolved = resolveConfig({
    schema: definition.config,
    written,
    path,
    secret: (name) => secrets[name],
  });
  if ('problems' in resolved) throw new Error(`invalid test configuration: ${inspect(resolved.problems)}`);
  const sink = await openSink(definition, resolved, context);
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await sink.close();
  };
  return { ...sink, close, [Symbol.asyncDispose]: close };
}

/** The DeliveryError or other error by which a promise fails. */
export async function thrownBy(promise: Promise<unknown>): Promise<DeliveryError> {
  const outcome = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  return outcome as DeliveryError;
}

/** What every sink promises, whatever its transport. */
export function describeSinkContract<Config extends TObject, Payload, Peer extends ContractPeer>(
  name: string,
  { definition, start, unrenderable }: SinkContract<Config, Payload, Peer>,
): void {
  const never = new AbortController().signal;

  describe(`the sink contract of ${name}`, () => {
    it('has an example that is valid and resolves', () => {
      const { config, example } = definition;
      const refs = secretRefs(config, example, 'example');
      const secret = (wanted: string) =>
        Object.fromEntries(
          refs.filter((ref) => ref.name === wanted).map(({ key = 'tls.crt' }) => [key, `value of ${key}`]),
        );

      expect(createValidator(writtenSchema(config))(example, 'example')).toEqual([]);
      expect(resolveConfig({ schema: config, written: example, path: 'example', secret })).toHaveProperty(
        'config',
      );
    });

    it('describes itself and every field in sentences', () => {
      expect(definition.summary).toMatch(/^[A-Z].*\.$/);
      expect(withoutSentence(writtenSchema(definition.config), '').filter((path) => path !== '')).toEqual([]);
    });

    it('delivers a batch and reports no more than the endpoint', async () => {
      await using peer = await start();
      await using sink = await openWritten(definition, peer);
      const batch = outgoing(sink, [numberedEvent(1), numberedEvent(2), numberedEvent(3)]);

      await sink.check?.(never);
      expect(peer.taken()).toBe(0);
      await sink.send(batch, never);
      await settled(() => peer.taken() >= 3);

      expect(peer.taken()).toBe(3);
      expectNoSecret(sink.endpoint, peer);
    });

    it('measures what it encodes', async () => {
      await using peer = await start();
      await using sink = await openWritten(definition, peer);

      const short = sink.encode(sinkEvent({ message: 'x' })).bytes;
      const long = sink.encode(sinkEvent({ message: 'ä'.repeat(500) })).bytes;

      expect(short).toBeGreaterThan(0);
      expect(long - short).toBeGreaterThanOrEqual(unrenderable === undefined ? 0 : 999);
    });

    it('sends nothing for an aborted signal', async () => {
      await using peer = await start();
      await using sink = await openWritten(definition, peer);
      const batch = outgoing(sink, [sinkEvent()]);

      const error = await thrownBy(sink.send(batch, AbortSignal.abort(timeoutError())));

      expect(error).toBeInstanceOf(Error);
      expect(peer.taken()).toBe(0);
    });

    it('obeys an abort at once while the system does not answer', async () => {
      await using peer = await start();
      if (peer.hang === undefined) return;
      peer.hang();
      await using sink = await openWritten(definition, peer);
      const controller = new AbortController();
      const failure = thrownBy(sink.send(outgoing(sink, [sinkEvent()]), controller.signal));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const abortedAtMs = performance.now();

      controller.abort(timeoutError());

      expect(await failure).toMatchObject({
        name: expect.stringMatching(/DeliveryError|TimeoutError/) as string,
      });
      expect((await failure) as { permanent?: boolean }).not.toMatchObject({ permanent: true });
      expect(performance.now() - abortedAtMs).toBeLessThan(500);
    });

    it('closes its connections and refuses to send afterwards', async () => {
      await using peer = await start();
      await using sink = await openWritten(definition, peer);
      const batch = outgoing(sink, [sinkEvent()]);
      await sink.send(batch, never);
      await settled(() => peer.taken() >= 1);

      await sink.close();

      expect(await thrownBy(sink.send(batch, never))).toBeInstanceOf(Error);
      await settled(() => (peer.connections?.() ?? 0) === 0);
      expect(peer.connections?.() ?? 0).toBe(0);
      expect(peer.taken()).toBe(1);
    });

    it('shows no secret in any error', async () => {
      const errors: unknown[] = [];
      const collect = async (peer: ContractPeer) => {
        await using sink = await openWritten(definition, peer);
        const controller = new AbortController();
        const batch = outgoing(sink, [sinkEvent()]);
        const failing = [sink.send(batch, controller.signal), sink.check?.(controller.signal)].map(
          async (step) => await step?.catch((error: unknown) => void errors.push(error)),
        );
        setTimeout(() => controller.abort(timeoutError()), 200);
        await Promise.all(failing);
      };

      const peer = await start();
      peer.failAndEcho?.();
      await collect(peer);
      await peer[Symbol.asyncDispose]();
      await collect(peer);

      if (peer.failAndEcho !== undefined) expect(errors).not.toHaveLength(0);
      for (const error of errors) expectNoSecret(inspect(error, { depth: 20, showHidden: true }), peer);
    });

    if (unrenderable !== undefined) {
      it('rejects an event alone that cannot be rendered', async () => {
        await using peer = await start();
        const written = { ...peer.written, ...unrenderable };
        await using sink = await openWritten(definition, { ...peer, written });

        expect(() => sink.encode(sinkEvent())).toThrow(
          expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
        );
      });
    }
  });
}

type Outcome = 'delivered' | 'retry' | 'permanent';

/** What HTTP statuses mean where a system says nothing else: sixty, each class with its edges. */
const statuses: Readonly<Record<Outcome, readonly number[]>> = {
  delivered: [200, 201, 202, 203, 204, 205, 206, 207, 208, 226],
  retry: [401, 403, 404, 407, 408, 410, 425, 429, 500, 502, 503, 504, 506, 507, 508, 510, 511, 520, 529, 599],
  permanent: [
    300, 301, 302, 303, 304, 305, 307, 308, 400, 402, 405, 406, 409, 411, 412, 413, 414, 415, 416, 417, 418,
    421, 422, 423, 424, 426, 428, 431, 451, 501, 505,
  ],
};

/** A stand-in that speaks HTTP. */
export interface HttpContractPeer extends ContractPeer {
  /** From now on every request is answered so. */
  readonly answerWith: (status: number, headers?: Readonly<Record<string, string>>) => void;
}

/** What every sink over HTTP promises besides; `differently` has the statuses that its system means otherwise. */
export function describeHttpContract<Config extends TObject, Payload>(
  name: string,
  contract: SinkContract<Config, Payload, HttpContractPeer> & {
    readonly differently?: Readonly<Record<number, Outcome>>;
  },
): void {
  const never = new AbortController().signal;
  const { definition, start, differently = {} } = contract;
  describeSinkContract(name, contract);

  describe(`the HTTP contract of ${name}`, () => {
    let peer: HttpContractPeer;
    let sink: Awaited<ReturnType<typeof openWritten<Config, Payload>>>;
    const send = async () =>
      sink.send(outgoing(sink, [sinkEvent()]), never).then(
        () => undefined,
        (error: unknown) => error as DeliveryError,
      );

    beforeAll(async () => {
      peer = await start();
      sink = await openWritten(definition, peer);
    });
    afterAll(async () => {
      await sink.close();
      await peer[Symbol.asyncDispose]();
    });

    const cases = Object.entries(statuses).flatMap(([outcome, list]) =>
      list.map((status) => [status, differently[status] ?? outcome] as const),
    );
    it.each(cases)('takes %i as %s', async (status, expected) => {
      peer.answerWith(
        status,
        status >= 300 && status < 400 ? { location: 'https://elsewhere.invalid/' } : {},
      );

      const error = await send();

      const outcome = error === undefined ? 'delivered' : error.permanent ? 'permanent' : 'retry';
      expect([status, outcome]).toEqual([status, expected]);
      if (error === undefined) return;
      expect(error).toBeInstanceOf(DeliveryError);
      expect(error.message).toContain(String(status));
      expect(error.message).toContain(sink.endpoint);
    });

    it('waits as long as the system asks for', async () => {
      peer.answerWith(429, { 'retry-after': '17' });

      expect(await send()).toMatchObject({ reason: 'Throttled', retryAfterMs: 17_000 });
    });

    it('does not reach addresses that are not allowed', async () => {
      peer.answerWith(200);
      const before = peer.taken();
      const context = sinkContext({ isAddressAllowed: () => false });
      await using guarded = await openWritten(definition, peer, context);

      const error = await thrownBy(guarded.send(outgoing(guarded, [sinkEvent()]), never));

      expect(error.reason).toBe('AddressNotAllowed');
      expect(peer.taken()).toBe(before);
    });
  });
}

function expectNoSecret(text: string, { secrets = {} }: ContractPeer): void {
  for (const value of Object.values(secrets).flatMap((data) => Object.values(data))) {
    for (const form of [
      value,
      encodeURIComponent(value),
      Buffer.from(value).toString('base64').slice(0, -4),
    ]) {
      expect(text).not.toContain(form);
    }
  }
}

async function settled(condition: () => boolean): Promise<void> {
  const untilMs = performance.now() + 2_000;
  while (!condition() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 2));
}

function withoutSentence(schema: WrittenSchema, path: string): string[] {
  const own = /^[A-Z].*\.$/s.test(schema.description ?? '') ? [] : [path];
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    withoutSentence(property, `${path}.${name}`),
  );
  return [...own, ...properties];
}
