import ipaddr from 'ipaddr.js';

import { DeliveryError } from './delivery-error.ts';

/** The variables that name proxies, as `process.env` has them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

const proxyProtocols: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:']);

/**
 * Finds the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for a URL, with the rules of Go's
 * golang.org/x/net/http/httpproxy, which the exporter and the rest of a cluster's tools follow: CIDR blocks in NO_PROXY
 * work, loopback is never proxied, and https does not fall back to HTTP_PROXY.
 * @returns undefined when the connection goes straight to the target.
 */
export function findProxy(target: URL, environment: ProxyEnvironment): URL | undefined {
  const name = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const written = read(environment, name);
  if (written === '') return undefined;
  const host = bareHost(target);
  if (isLoopback(host) || isExempt(host, portOf(target), read(environment, 'NO_PROXY'))) return undefined;
  return parseProxy(name, written);
}

/** The port of a URL, also where it is its protocol's own. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The host of a URL without the brackets of IPv6. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function read(environment: ProxyEnvironment, name: string): string {
  return (environment[name] ?? environment[name.toLowerCase()] ?? '').trim();
}

function parseProxy(name: string, written: string): URL {
  const url = URL.parse(written.includes('://') ? written : `http://${written}`);
  if (url === null || !proxyProtocols.has(url.protocol)) {
    throw DeliveryError.permanent(
      `the environment variable ${name} of the operator names no proxy: it has to be a URL with http, https or socks5`,
      'InvalidConfig',
    );
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
}

function isExempt(host: string, port: number, noProxy: string): boolean {
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host, port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  if (ipaddr.isValidCIDR(entry)) return isInside(host, entry);
  const [, name = entry, entryPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && Number(entryPort) !== port) return false;
  return isSameOrBelow(host, name.replace(/^\[(.*)\]$/, '$1'));
}

function isSameOrBelow(host: string, name: string): boolean {
  if (ipaddr.isValid(name)) return isInside(host, `${name}/${ipaddr.IPv6.isValid(name) ? 128 : 32}`);
  const domain = name.replace(/^\*\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isInside(host: string, cidr: string): boolean {
  if (!ipaddr.isValid(host)) return false;
  const address = ipaddr.process(host);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return address.kind() === network.kind() && address.match([network, bits]);
}
