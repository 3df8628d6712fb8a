import { type HttpResponse } from '../../operator/sink-kit/http-response.ts';
import { failureOfResponse } from '../../operator/sink-kit/http-status.ts';
import { parseRetryAfter } from '../../operator/sink-kit/retry-after.ts';

const response = (status: number, more: Partial<HttpResponse> = {}): HttpResponse => ({
  status,
  headers: {},
  bodyText: '',
  isCut: false,
  endpoint: 'events.example.com',
  ...more,
});

describe('the meaning of an HTTP status', () => {
  it.each([200, 201, 202, 204, 206, 226, 299])('%i is a delivery', (status) => {
    expect(failureOfResponse(response(status))).toBeUndefined();
  });

  it.each([
    [300, 'Rejected', true],
    [304, 'Rejected', true],
    [400, 'Rejected', true],
    [401, 'Unauthorized', false],
    [403, 'Forbidden', false],
    [404, 'TargetNotFound', false],
    [407, 'Unauthorized', false],
    [408, 'Timeout', false],
    [409, 'Rejected', true],
    [410, 'TargetNotFound', false],
    [413, 'PayloadTooLarge', true],
    [422, 'Rejected', true],
    [425, 'Throttled', false],
    [429, 'Throttled', false],
    [499, 'Rejected', true],
    [500, 'ServerError', false],
    [501, 'Rejected', true],
    [503, 'ServerError', false],
    [505, 'Rejected', true],
    [599, 'ServerError', false],
  ])('%i means %s, permanent: %s', (status, reason, permanent) => {
    expect(failureOfResponse(response(status))).toMatchObject({ reason, permanent });
  });

  it.each([
    'Client sent an HTTP request to an HTTPS server.',
    '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
    "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
  ])('a wrong scheme is no fault of the event: %s', (bodyText) => {
    const failure = failureOfResponse(response(400, { bodyText }));

    expect(failure).toMatchObject({ reason: 'TLSFailed', permanent: false });
    expect(failure?.message).toMatch(/write https:\/\/ where the address has http:\/\/$/);
  });

  it('tells status, name and what the server said', () => {
    const bodyText = '{"error":\n\t"no such  field"}\u0000';

    expect(failureOfResponse(response(422, { bodyText }))?.message).toBe(
      'events.example.com answered 422 Unprocessable Entity: {"error": "no such field"}',
    );
  });

  it('tells the title of a page, and cuts long answers', () => {
    const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>oops</h1></body></html>';

    expect(failureOfResponse(response(502, { bodyText: page }))?.message).toBe(
      'events.example.com answered 502 Bad Gateway: 502 Bad Gateway',
    );
    expect(failureOfResponse(response(500, { bodyText: 'x'.repeat(9_999) }))?.message.length).toBeLessThan(
      270,
    );
  });

  it('takes the wait from Retry-After', () => {
    const headers = { 'retry-after': '7' };

    expect(failureOfResponse(response(429, { headers }))?.retryAfterMs).toBe(7_000);
    expect(failureOfResponse(response(503))?.retryAfterMs).toBeUndefined();
  });
});

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-03-01T10:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['1.5', 1_500],
    ['Sun, 01 Mar 2026 10:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 09:00:00 GMT', 0],
    ['9999999999', 86_400_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
    ['-5', undefined],
    ['soon', undefined],
    ['2026-03-01T10:00:30Z', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %s ms', (value, expected) => {
    expect(parseRetryAfter(value, nowMs)).toBe(expected);
  });
});
