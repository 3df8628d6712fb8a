import { DeliveryError } from '../sink-kit/index.ts';

/** The resolved `avro` block. */
export interface AvroConfig {
  readonly schemaID: string;
  readonly schema: string;
}

/** Writes a JSON document in Avro, with the id of its schema in front. */
export type AvroEncoder = (json: string) => Buffer;

/** What both forms begin with. */
const magicByte = 0;
const largestConfluentId = 2_147_483_647;
const maxShown = 60;

/**
 * Makes the encoder of a schema. Fields that the schema does not name are left out; fields that a document lacks take the
 * schema's default.
 * @throws DeliveryError (permanent, InvalidConfig) when id or schema are none. What the encoder throws for a document that
 * does not fit is a permanent DeliveryError, RenderFailed.
 */
export async function createAvroEncoder({ schemaID, schema }: AvroConfig): Promise<AvroEncoder> {
  const prefix = prefixOf(schemaID);
  const { default: avsc } = await import('avsc');
  const type = parsing(() => avsc.Type.forSchema(JSON.parse(schema) as never, { wrapUnions: 'auto' }));
  return (json) => {
    const document: unknown = JSON.parse(json);
    const misfits: string[] = [];
    const errorHook = (path: readonly string[], value: unknown, expected: { toString(): string }): void => {
      if (misfits.length === 0) misfits.push(misfit(path, value, expected.toString()));
    };
    if (!type.isValid(document, { errorHook })) {
      throw DeliveryError.permanent(
        `the document does not fit avro.schema: ${misfits[0] ?? 'it is of another type'}`,
        'RenderFailed',
      );
    }
    return Buffer.concat([prefix, type.toBuffer(document)]);
  };
}

function prefixOf(schemaID: string): Buffer {
  if (/^[0-9A-Fa-f]{32}$/.test(schemaID)) {
    return Buffer.concat([Buffer.of(magicByte), Buffer.from(schemaID, 'hex')]);
  }
  const id = Number(schemaID);
  if (!/^\d{1,10}$/.test(schemaID) || id > largestConfluentId) {
    throw invalid(
      `avro.schemaID is ${JSON.stringify(schemaID)}: write 32 hexadecimal digits, or the number of the schema in ` +
        "Confluent's registry",
    );
  }
  const prefix = Buffer.alloc(5, magicByte);
  prefix.writeInt32BE(id, 1);
  return prefix;
}

function parsing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalid(`avro.schema is no Avro schema: ${(cause as Error).message}`, cause);
  }
}

function misfit(path: readonly string[], value: unknown, expected: string): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  const shown = text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
  const wanted = expected.length > maxShown ? `${expected.slice(0, maxShown)}...` : expected;
  return `${path.length === 0 ? 'it' : path.join('.')} is ${shown}, the schema wants ${wanted}`;
}

function invalid(message: string, cause?: unknown): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig', cause);
}
