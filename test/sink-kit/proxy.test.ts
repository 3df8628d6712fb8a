import { findProxy } from '../../operator/sink-kit/proxy.ts';

const proxyFor = (url: string, environment: Record<string, string>) =>
  findProxy(new URL(url), environment)?.href;

describe('the choice of a proxy', () => {
  const both = { HTTP_PROXY: 'http://plain:3128', HTTPS_PROXY: 'https://u:p@secure:8443' };

  it('goes by the scheme of the target', () => {
    expect(proxyFor('http://a.example.com', both)).toBe('http://plain:3128/');
    expect(proxyFor('https://a.example.com', both)).toBe('https://u:p@secure:8443/');
    expect(proxyFor('https://a.example.com', { HTTP_PROXY: 'http://plain:3128' })).toBeUndefined();
  });

  it('reads the variables in lower case, and a proxy without a scheme', () => {
    expect(proxyFor('http://a.example.com', { http_proxy: 'plain:3128' })).toBe('http://plain:3128/');
  });

  it.each(['http://localhost', 'http://127.8.0.1', 'http://[::1]:80'])('never proxies %s', (url) => {
    expect(proxyFor(url, both)).toBeUndefined();
  });

  it.each([
    ['*', 'http://any.example.com', true],
    ['example.com', 'http://example.com', true],
    ['example.com', 'http://a.example.com', true],
    ['example.com', 'http://badexample.com', false],
    ['.example.com', 'http://a.example.com', true],
    ['.example.com', 'http://example.com', false],
    ['*.example.com', 'http://a.example.com', true],
    ['EXAMPLE.com', 'http://example.com.', true],
    ['.svc,.cluster.local', 'http://loki.monitoring.svc:3100', true],
    ['example.com:8080', 'http://example.com:8080', true],
    ['example.com:8080', 'http://example.com', false],
    ['10.0.0.0/8', 'http://10.2.3.4', true],
    ['10.0.0.0/8', 'http://11.2.3.4', false],
    ['10.1.2.3', 'http://10.1.2.3', true],
    ['fd00::/8', 'http://[fd00::5]', true],
    ['[fd00::5]:443', 'http://[fd00::5]:443', true],
    ['a.example.com b.example.com', 'http://b.example.com', true],
    [', ,', 'http://b.example.com', false],
  ])('reads NO_PROXY=%s for %s', (noProxy, url, isExempt) => {
    const found = proxyFor(url, { ...both, NO_PROXY: noProxy });

    expect(found === undefined).toBe(isExempt);
  });

  it('refuses what is no proxy without showing it', () => {
    expect(() => proxyFor('http://a.example.com', { HTTP_PROXY: 'ftp://user:word@host' })).toThrow(
      /^the environment variable HTTP_PROXY of the operator names no proxy(?!.*word)/,
    );
  });
});
