import { DeliveryError } from '../sink-kit/index.ts';

type Told = readonly [Parameters<typeof DeliveryError.retry>[1], string];

const causes: Readonly<Record<string, Told>> = {
  ENOSPC: ['ServerError', 'no space is left on the device; free some, or keep fewer backups'],
  EDQUOT: ['ServerError', 'the disk quota is used up; raise it, or keep fewer backups'],
  EROFS: ['Forbidden', 'the file system is read-only; mount a writable volume there'],
  EACCES: [
    'Forbidden',
    'the operator may not write there; grant its user the permission, for example by fsGroup',
  ],
  EPERM: [
    'Forbidden',
    'the operator may not write there; grant its user the permission, for example by fsGroup',
  ],
  ENOENT: ['TargetNotFound', 'a folder of the path does not exist; create it, or mount a volume there'],
  ENOTDIR: ['TargetNotFound', 'a part of the path is no folder; correct the path'],
  EISDIR: ['TargetNotFound', 'the path is a folder; name a file in it'],
  ENXIO: ['Unreachable', 'nobody reads; start the reader'],
  EPIPE: ['Unreachable', 'the reader went away; start it again'],
  EMFILE: ['ServerError', 'the operator has too many files open; raise its limit'],
};

/** Tells what kept bytes from a file, pipe or standard stream; all of these can pass, so the attempt is repeated. */
export function toFileError(thrown: unknown, path: string): DeliveryError {
  if (thrown instanceof DeliveryError) return thrown;
  const code = errorCode(thrown);
  const [reason, told] = causes[code] ?? ['ServerError', `the system says ${code}`];
  return DeliveryError.retry(`could not write [path=${path}]: ${told}`, reason, { cause: thrown });
}

/** The code of a system error, such as `ENOENT`. */
export function errorCode(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'an unknown error';
}
