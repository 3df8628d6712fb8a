import { defineSink, payloadFields, Text, Type } from '../sink-kit/index.ts';
import { createRotation } from './file-rotation.ts';
import { createLineSink } from './line-sink.ts';
import { createPathOutput } from './path-output.ts';

const bytesPerMegabyte = 1_048_576;
const msPerDay = 86_400_000;
const defaultMaxSize = 100;

export default defineSink({
  summary: 'Appends each event as a line of JSON to a file and rotates it by size.',
  config: Type.Object({
    path: Text({
      description:
        'File to append to; its folders are made where they are missing, and the file itself with mode 0600. A device ' +
        'or named pipe, `/dev/stdout` included, is written to without rotation. Lines are handed to the operating ' +
        'system, not forced to the disk.',
      minLength: 1,
      examples: ['/var/log/events/events.json'],
    }),
    ...payloadFields,
    maxSize: Type.Optional(
      Type.Integer({
        description:
          'Size in megabytes (of 1024 x 1024 bytes) at which the file becomes a backup, named by the time in UTC: ' +
          '`events-2006-01-02T15-04-05.000.json`. 0 means 100. An event larger than this has a file to itself.',
        default: defaultMaxSize,
        minimum: 0,
        examples: [50],
        aliases: ['maxsize'],
      }),
    ),
    maxAge: Type.Optional(
      Type.Integer({
        description: 'Days after which a backup is deleted, by the time in its name; 0 keeps all of them.',
        default: 0,
        minimum: 0,
        examples: [7],
        aliases: ['maxage'],
      }),
    ),
    maxBackups: Type.Optional(
      Type.Integer({
        description: 'How many backups are kept, newest first; 0 keeps all of them that `maxAge` leaves.',
        default: 0,
        minimum: 0,
        examples: [10],
        aliases: ['maxbackups'],
      }),
    ),
    compress: Type.Optional(
      Type.Boolean({
        description: 'Compresses backups with gzip (`.gz`), in the background.',
        default: false,
      }),
    ),
  }),
  example: { path: '/var/log/events/events.json', maxSize: 50, maxBackups: 10, compress: true },
  defaults: { batch: { maxEvents: 500, maxBytes: 1_048_576, maxWaitMs: 100 }, concurrency: 1 },
  local: true,
  open: (config, { warn }) => {
    const { path, maxSize = 0, maxAge = 0, maxBackups = 0, compress = false } = config;
    const limits = {
      maxBytes: (maxSize === 0 ? defaultMaxSize : maxSize) * bytesPerMegabyte,
      maxAgeMs: maxAge * msPerDay,
      maxBackups,
      compress,
    };
    const rotation = createRotation(path, limits, { warn, now: Date.now });
    return createLineSink(createPathOutput(path, { mode: 0o600, makeFolders: true, rotation, warn }), config);
  },
});
