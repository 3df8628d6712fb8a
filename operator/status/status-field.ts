import { Type, type TInteger, type TOptional, type TString } from '@sinclair/typebox';

/** Declares a counter of a status. */
export function count(description: string): TOptional<TInteger> {
  return Type.Optional(Type.Integer({ format: 'int64', minimum: 0, description }));
}

/** Declares a time of a status. */
export function time(description: string): TOptional<TString> {
  return Type.Optional(Type.String({ format: 'date-time', description }));
}

/** Declares the generation of a status. */
export const observedGeneration = Type.Optional(
  Type.Integer({ format: 'int64', description: 'The metadata.generation that this status is about.' }),
);
