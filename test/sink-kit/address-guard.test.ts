import { createAddressGuard } from '../../operator/sink-kit/address-guard.ts';
import { createGuardedLookup, refuseLiteralAddress } from '../../operator/sink-kit/guarded-lookup.ts';

describe('the address guard', () => {
  const isAllowed = createAddressGuard({ deny: ['10.96.0.1', '192.168.7.0/24', 'fd12::/16'] });

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '100.100.100.200',
    '10.96.0.1',
    '192.168.7.9',
    '::',
    '::1',
    '[::1]',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fd00:ec2::254',
    'fd12::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '::ffff:10.96.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.96.0.1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:0:1:2:3:4:80ff:fffe',
  ])('refuses %s', (address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it.each([
    '10.0.0.1',
    '10.96.0.2',
    '192.168.8.1',
    '8.8.8.8',
    '2001:db8::1',
    'fd13::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('allows %s', (address) => {
    expect(isAllowed(address)).toBe(true);
  });

  it.each(['', 'localhost', '127.1', '0x7f000001', '2130706433', '127.0.0.1 ', 'nonsense'])(
    'refuses %j, which is no address',
    (address) => {
      expect(isAllowed(address)).toBe(false);
    },
  );

  it('refuses nonsense among the addresses to deny', () => {
    expect(() => createAddressGuard({ deny: ['10.0.0.0/33'] })).toThrow();
    expect(() => createAddressGuard({ deny: ['api.example.com'] })).toThrow();
  });
});

describe('the guarded look-up', () => {
  const resolver =
    (addresses: string[]) =>
    (...[, , callback]: Parameters<NonNullable<Parameters<typeof createGuardedLookup>[1]>>) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  const lookUp = (addresses: string[], all: boolean) =>
    new Promise<unknown[]>((resolve) => {
      const lookup = createGuardedLookup(createAddressGuard(), resolver(addresses));
      lookup('events.example.com', { all }, (...found) => resolve(found));
    });

  it('gives only the addresses that are allowed', async () => {
    expect(await lookUp(['127.0.0.1', '203.0.113.9', '::1'], true)).toEqual([
      null,
      [{ address: '203.0.113.9', family: 4 }],
    ]);
    expect(await lookUp(['::1', '203.0.113.9'], false)).toEqual([null, '203.0.113.9', 4]);
  });

  it('fails when none is allowed, and names the host', async () => {
    const [error] = await lookUp(['127.0.0.1', '::1'], true);

    expect(error).toMatchObject({ reason: 'AddressNotAllowed', permanent: false });
    expect((error as Error).message).toMatch(/^events\.example\.com is on a network that/);
  });

  it('judges what is written as an address', () => {
    expect(() => refuseLiteralAddress('[::1]', createAddressGuard())).toThrow(/may not reach/);
    expect(() => refuseLiteralAddress('localhost', createAddressGuard())).not.toThrow();
    expect(() => refuseLiteralAddress('127.0.0.1', undefined)).not.toThrow();
  });
});
