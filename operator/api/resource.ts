import type { TObject } from '@sinclair/typebox';

import { type PrinterColumn } from './printer-column.ts';

/** Group and version of our kinds. */
export const apiGroup = 'eventroute.dev';
export const apiVersion = 'v1beta1';

/** By which kubectl lists all our kinds at once; never a kind's own name, which it would then take for all of them. */
export const category = 'eventrouting';

/** Which object: both parts name it in the whole cluster. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** Writes an object's key as users do: `namespace/name`. */
export function keyText({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}

/** The metadata of an object of ours, as far as the operator reads it. */
export interface ResourceMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object of one of our kinds as the API server or a manifest gives it; its spec is not yet judged. */
export interface CustomResource<Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ResourceMetadata;
  readonly spec?: unknown;
  readonly status?: Status;
}

/** What makes a kind: names, status and columns; its spec comes with it to the CustomResourceDefinition. */
export interface ResourceKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly description: string;
  readonly status: TObject;
  readonly columns: readonly PrinterColumn[];
}
