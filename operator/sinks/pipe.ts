import { defineSink, payloadFields, Text, Type } from '../sink-kit/index.ts';
import { createLineSink } from './line-sink.ts';
import { createPathOutput } from './path-output.ts';

export default defineSink({
  summary: 'Writes each event as a line of JSON to a named pipe, device or file, without rotation.',
  config: Type.Object({
    path: Text({
      description:
        'Named pipe (FIFO), device or file to write to, `/dev/stdout` included. A file is made where nothing exists ' +
        '(mode 0644; its folder has to be there) and appended to. While nobody reads a FIFO, events wait for a reader.',
      minLength: 1,
      examples: ['/var/run/events/pipe'],
    }),
    ...payloadFields,
  }),
  example: { path: '/var/run/events/pipe' },
  defaults: { batch: { maxEvents: 500, maxBytes: 1_048_576, maxWaitMs: 100 }, concurrency: 1 },
  local: true,
  open: (config, { warn }) => createLineSink(createPathOutput(config.path, { mode: 0o644, warn }), config),
});
