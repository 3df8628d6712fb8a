import ipaddr from 'ipaddr.js';

/** What a guard refuses besides loopback, link-local, unspecified, multicast and broadcast addresses. */
export interface AddressGuardOptions {
  /** Addresses (`10.96.0.1`) or networks (`10.0.0.0/16`), such as those of the API server. */
  readonly deny?: readonly string[];
}

/** Tells whether a receiver may reach an address; what is no IP address is refused. */
export type AddressGuard = (address: string) => boolean;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** The ranges of ipaddr.js that never belong to a receiver's system. */
const refusedRanges: ReadonlySet<string> = new Set([
  'unspecified',
  'broadcast',
  'multicast',
  'linkLocal',
  'loopback',
]);

/** Cloud metadata services that answer outside of the link-local range: AWS over IPv6, Alibaba Cloud, Oracle Cloud. */
const metadataServices = ['fd00:ec2::254', '100.100.100.200', '192.0.0.192'] as const;

/**
 * Creates the guard that keeps receivers of other namespaces away from the operator's own machine, its link (with the
 * cloud's metadata service) and the API server.
 */
export function createAddressGuard(options: AddressGuardOptions = {}): AddressGuard {
  const denied = [...metadataServices, ...(options.deny ?? [])].map(parseNetwork);
  return (address) => {
    // A zone (`fe80::1%eth0`) names a link of this machine and says nothing about the address.
    const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
    if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return false;
    return addressesIn(ipaddr.parse(bare)).every(
      (each) => !refusedRanges.has(each.range()) && !isZeroNetwork(each) && !isWithin(each, denied),
    );
  };
}

function parseNetwork(text: string): Network {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (bare.includes('/')) {
    const [address, bits] = ipaddr.parseCIDR(bare);
    return [address, bits];
  }
  const address = ipaddr.process(bare);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isWithin(address: Address, networks: readonly Network[]): boolean {
  return networks.some(
    ([network, bits]) => address.kind() === network.kind() && address.match([network, bits]),
  );
}

/** 0.0.0.0/8 is `this network` (RFC 1122 3.2.1.3): no system lives there, and 0.0.0.0 reaches this machine. */
function isZeroNetwork(address: Address): boolean {
  return address.kind() === 'ipv4' && address.toByteArray()[0] === 0;
}

/** The address itself and the IPv4 address that it carries, if it does: a translator on the way would connect there. */
function addressesIn(address: Address): Address[] {
  if (address.kind() === 'ipv4') return [address];
  const bytes = address.toByteArray();
  const embedded = embeddedOffsets
    .filter(({ network }) => isWithin(address, [network]))
    .map(({ offset, inverted }) =>
      ipaddr.fromByteArray(bytes.slice(offset, offset + 4).map((byte) => (inverted ? byte ^ 0xff : byte))),
    );
  return [address, ...embedded];
}

/** Where IPv6 addresses carry an IPv4 one. */
const embeddedOffsets: readonly { network: Network; offset: number; inverted?: boolean }[] = [
  { network: parseNetwork('::/96'), offset: 12 }, // IPv4-compatible, RFC 4291 2.5.5.1
  { network: parseNetwork('::ffff:0:0/96'), offset: 12 }, // IPv4-mapped, RFC 4291 2.5.5.2
  { network: parseNetwork('::ffff:0:0:0/96'), offset: 12 }, // IPv4-translated, RFC 2765
  { network: parseNetwork('64:ff9b::/96'), offset: 12 }, // NAT64, RFC 6052
  { network: parseNetwork('64:ff9b:1::/48'), offset: 12 }, // local NAT64, RFC 8215
  { network: parseNetwork('2002::/16'), offset: 2 }, // 6to4, RFC 3056
  { network: parseNetwork('2001::/32'), offset: 12, inverted: true }, // Teredo client, RFC 4380
];
