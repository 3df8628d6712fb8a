import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { roleOf } from '../../operator/schema/fields.ts';
import { createValidator } from '../../operator/schema/validate.ts';
import { writtenSchema } from '../../operator/schema/written.ts';
import { loadSink, type SinkName, sinkNames } from '../../operator/sinks/registry.ts';

const folder = join(__dirname, '../../operator/sinks');

describe('registry', () => {
  it('lists every file that declares a sink, by its name, in order', () => {
    const declaring = readdirSync(folder)
      .filter((file) => readFileSync(join(folder, file), 'utf8').includes('export default defineSink('))
      .map((file) => file.replace(/\.ts$/, ''));
    expect(sinkNames).toEqual(declaring.sort());
  });

  it.each(sinkNames)(
    'loads %s with a summary, described fields and an example that is valid',
    async (name: SinkName) => {
      const { summary, config, example } = await loadSink(name);
      expect(summary).toMatch(/^[A-Z][^\n]+[^.]\.$/);
      for (const [field, schema] of Object.entries(config.properties)) {
        const { description } = schema;
        expect(`${field}: ${String(description)}`).toMatch(/: [A-Z].+\.$/s);
      }
      expect(createValidator(writtenSchema(config))(example, `spec.sink.${name}`)).toEqual([]);
    },
  );

  it.each(sinkNames)('has no field of %s that is an alias of another one', async (name: SinkName) => {
    const { config } = await loadSink(name);
    const names = Object.entries(config.properties).flatMap(([field, schema]) => [
      field,
      ...((schema.aliases as string[] | undefined) ?? []),
      ...(roleOf(schema) === 'secret' ? [`${field}SecretRef`] : []),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lets only sinks that use the machine of the operator be local', async () => {
    const local: SinkName[] = [];
    for (const name of sinkNames) if ((await loadSink(name)).local === true) local.push(name);
    expect(local).toEqual(['file', 'pipe', 'stdout']);
  });
});
