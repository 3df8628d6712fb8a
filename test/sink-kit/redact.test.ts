import { inspect } from 'node:util';

import { DeliveryError } from '../../operator/sink-kit/delivery-error.ts';
import { createRedactor, openSink, withRedaction } from '../../operator/sink-kit/redact.ts';
import { defineSink, type Sink } from '../../operator/sink-kit/sink.ts';
import { Type } from '@sinclair/typebox';

const secret = 's3cr3t+/pass word"';
const everything = (error: unknown) => inspect(error, { depth: 20, showHidden: true });

describe('redaction of texts', () => {
  const redactor = createRedactor([
    secret,
    'https://hooks.example.com/services/T00000000/B00000000/XXXXXXXXXXXX?sig=abcd1234',
    'abc',
  ]);

  const text = (before: string) => redactor.text(before);

  it.each([
    ['as it is', secret],
    ['escaped for a URL', encodeURIComponent(secret)],
    ['escaped for a form', encodeURIComponent(secret).replaceAll('%20', '+')],
    ['escaped for JSON', JSON.stringify(secret).slice(1, -1)],
    ['in Base64', Buffer.from(secret).toString('base64')],
    ['in Base64url', Buffer.from(secret).toString('base64url')],
    ['path of a URL', '/services/T00000000/B00000000/XXXXXXXXXXXX'],
    ['last segment of a URL', 'XXXXXXXXXXXX'],
    ['query value of a URL', 'abcd1234'],
  ])('masks a secret %s', (_, form) => {
    const masked = text(`before ${form} after`);

    expect(masked).toContain('***');
    expect(masked).not.toContain(form);
  });

  it.each(['', 'a', 'us', 'user', 'long-user-name'])(
    'masks a password in Basic credentials of user %j',
    (user) => {
      const encoded = Buffer.from(`${user}:${secret}`).toString('base64');

      const masked = text(`header "Basic ${encoded}"`);

      const left = masked
        .replace(/^.*Basic |"$/g, '')
        .split('***')
        .map((part) => part.replace(/[^A-Za-z0-9+/]/g, ''));
      expect(masked).toContain('***');
      expect(left.every((part) => !Buffer.from(part, 'base64').toString().includes('cr3t'))).toBe(true);
    },
  );

  it('masks the beginning of a secret where a text was cut', () => {
    expect(text(`the server said: token ${secret.slice(0, 9)}...`)).toBe('the server said: token ***...');
    expect(text(`${secret.slice(0, 9)} and more...`)).toBe(`${secret.slice(0, 9)} and more...`);
  });

  it('leaves secrets of under four characters and everything else', () => {
    expect(text('abc of hooks.example.com')).toBe('abc of hooks.example.com');
  });

  it('masks each line of a secret with several', () => {
    expect(createRedactor(['-----BEGIN-----\nMIIEvQIBADAN\n']).text('near MIIEvQIBADAN')).toBe('near ***');
  });
});

describe('redaction of errors', () => {
  const redactor = createRedactor([secret]);

  it('masks messages, stacks, causes and results, and keeps what delivery reads', () => {
    const foreign = Object.assign(new TypeError(`bad ${secret}`), {
      code: 'EBAD',
      request: { headers: { authorization: secret } },
    });
    const inner = DeliveryError.retry(`inner ${secret}`, 'Throttled', { retryAfterMs: 7, cause: foreign });
    const error = new DeliveryError(`outer ${secret}`, {
      reason: 'Throttled',
      results: [undefined, inner],
      cause: new AggregateError([new Error(secret)], secret),
    });

    const redacted = redactor.error(error) as DeliveryError;

    expect(everything(redacted)).not.toContain(secret);
    expect(redacted).toBeInstanceOf(DeliveryError);
    expect(redacted).toMatchObject({ reason: 'Throttled', message: 'outer ***', permanent: false });
    expect(redacted.results?.[0]).toBeUndefined();
    expect(redacted.results?.[1]).toMatchObject({ message: 'inner ***', retryAfterMs: 7 });
    expect(redacted.results?.[1]?.cause).toMatchObject({
      name: 'TypeError',
      code: 'EBAD',
      message: 'bad ***',
    });
  });

  it('ends on causes that go in a circle', () => {
    const error = new Error(secret);
    error.cause = error;

    expect(everything(redactor.error(error))).not.toContain(secret);
  });

  it.each([undefined, null, 5, { password: secret }, secret])(
    'takes anything that is thrown (%#)',
    (thrown) => {
      expect(everything(redactor.error(thrown))).not.toContain(secret);
    },
  );
});

describe('a sink with redaction', () => {
  const fail = () => {
    throw new Error(`no ${secret}`);
  };
  const leaky: Sink<string> = {
    endpoint: `host/${secret}`,
    encode: fail,
    send: async () => Promise.reject(new Error(`no ${secret}`)),
    check: async () => Promise.reject(new Error(`no ${secret}`)),
    close: async () => Promise.reject(new Error(`no ${secret}`)),
  };
  const { signal } = new AbortController();

  it('shows no secret by any of its methods', async () => {
    const sink = withRedaction(leaky, [secret]);

    expect(sink.endpoint).toBe('host/***');
    expect(() => sink.encode({} as never)).toThrow('no ***');
    await expect(sink.send([], signal)).rejects.toThrow('no ***');
    await expect(sink.check?.(signal)).rejects.toThrow('no ***');
    await expect(sink.close()).rejects.toThrow('no ***');
  });

  it('has no check when the sink has none', () => {
    const without: Sink<string> = {
      endpoint: leaky.endpoint,
      encode: fail,
      send: async () => Promise.resolve(),
      close: async () => Promise.resolve(),
    };

    expect(withRedaction(without, [secret]).check).toBeUndefined();
  });

  it('gives the reason of an abort back as it is', async () => {
    const reason = new Error('stop');
    const sink = withRedaction({ ...leaky, send: async () => Promise.reject(reason) }, [secret]);

    await expect(sink.send([], AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('is opened with masked warnings and errors', async () => {
    const warnings: string[] = [];
    const context = { signal, warn: (message: string) => void warnings.push(message) };
    const definition = defineSink({
      summary: 'Fails.',
      config: Type.Object({}),
      example: {},
      open: (_, context) => {
        context.warn(`careful ${secret}`);
        return fail();
      },
    });

    await expect(openSink(definition, { config: {}, secrets: [secret] }, context)).rejects.toThrow('no ***');
    expect(warnings).toEqual(['careful ***']);
  });
});
