import { defineSink, payloadFields, Type } from '../sink-kit/index.ts';
import { createLineSink } from './line-sink.ts';
import { createStreamOutput } from './stream-output.ts';

export default defineSink({
  summary: "Writes each event as a line of JSON to the operator's standard output.",
  config: Type.Object({ ...payloadFields }),
  example: { layout: { reason: '{{ .Reason }}', message: '{{ .Message }}' } },
  defaults: { batch: { maxEvents: 500, maxBytes: 1_048_576, maxWaitMs: 100 }, concurrency: 1 },
  local: true,
  open: (config) => createLineSink(createStreamOutput(process.stdout, 'stdout'), config),
});
