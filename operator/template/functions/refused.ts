import { fn, type FunctionTable, type GoFunction } from '../function-type.ts';
import { GoError } from '../template-error.ts';

const refuse = (signature: string, reason: string): GoFunction =>
  fn(signature, () => {
    throw new GoError(reason);
  });

const environment =
  'templates cannot read the environment; write the value itself, or use a field with a SecretRef';
const keys =
  'templates do not make keys, certificates or password hashes; make them elsewhere and keep them in a Secret';

/** Functions of Sprig that would reach out of the template or cost too much; they exist so that the error can say so. */
export const refused: FunctionTable = {
  env: refuse('string: string', environment),
  expandenv: refuse('string: string', environment),
  getHostByName: refuse('string: string', 'templates cannot reach the network; write the address itself'),
  bcrypt: refuse('string: string', keys),
  htpasswd: refuse('string string: string', keys),
  genPrivateKey: refuse('string: string', keys),
  derivePassword: refuse('any any any any any: string', keys),
  buildCustomCert: refuse('string string: any', keys),
  genCA: refuse('string int: any', keys),
  genCAWithKey: refuse('string int string: any', keys),
  genSelfSignedCert: refuse('string any any int: any', keys),
  genSelfSignedCertWithKey: refuse('string any any int string: any', keys),
  genSignedCert: refuse('string any any int any: any', keys),
  genSignedCertWithKey: refuse('string any any int any any: any', keys),
  fail: fn('string: string', (message: string) => {
    throw new GoError(message);
  }),
};
