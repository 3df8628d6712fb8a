import { generateKeyPairSync } from 'node:crypto';

import { createTlsOptions } from '../../operator/sink-kit/tls.ts';
import { createAuthority, issue, type Pair } from './certificates.ts';

let authority: Pair;
let ours: Pair;

beforeAll(async () => {
  authority = await createAuthority('Authority');
  ours = await issue(authority, ['client']);
});

describe('TLS options', () => {
  it('verifies by default', () => {
    expect(createTlsOptions()).toEqual({ rejectUnauthorized: true });
  });

  it('takes PEM of the configuration before that of the Secret, and empty keys as absent', () => {
    const secretRef = { 'ca.crt': '', 'tls.crt': ours.cert, 'tls.key': ours.key };

    expect(
      createTlsOptions({ secretRef, ca: authority.cert, serverName: 'a', insecureSkipVerify: true }),
    ).toEqual({
      ca: authority.cert,
      cert: ours.cert,
      key: ours.key,
      servername: 'a',
      rejectUnauthorized: false,
    });
    expect(createTlsOptions({ secretRef })).not.toHaveProperty('ca');
  });

  it('takes several authorities', () => {
    expect(() => createTlsOptions({ ca: `${authority.cert}\n${ours.cert}` })).not.toThrow();
  });

  it.each([
    [
      'no PEM as authority',
      () => ({ ca: 'nonsense' }),
      /authorities \(ca, ca\.crt\) holds no PEM certificate/,
    ],
    ['a key as authority', () => ({ ca: ours.key }), /authorities \(ca, ca\.crt\) holds no PEM certificate/],
    [
      'a damaged authority',
      () => ({ ca: `${authority.cert}\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----` }),
      /damaged: PEM certificate 2 of 2/,
    ],
    ['a certificate without a key', () => ({ cert: ours.cert }), /without its key/],
    ['a key without a certificate', () => ({ key: ours.key }), /without its certificate/],
    [
      'a key of another certificate',
      () => ({
        cert: ours.cert,
        key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }),
      }),
      /does not belong to the certificate/,
    ],
    ['a key that is none', () => ({ cert: ours.cert, key: 'k3y-t3xt' }), /is no PEM that OpenSSL takes/],
    [
      'an encrypted key',
      () => ({
        cert: ours.cert,
        key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
          cipher: 'aes-256-cbc',
          passphrase: 'x',
        }),
      }),
      /is encrypted/,
    ],
  ])('refuses %s', (_, config, message) => {
    const open = () => createTlsOptions(config());

    expect(open).toThrow(message);
    expect(open).toThrow(expect.objectContaining({ reason: 'InvalidConfig', permanent: true }) as Error);
    expect(open).not.toThrow(/k3y-t3xt|MII/);
  });
});
