import { type CustomResource, type ObjectKey } from '../api/resource.ts';

/** The decoded keys of a Secret. */
export type SecretData = Readonly<Record<string, string>>;

/** An Event about one of our own objects. */
export interface OwnEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What the controllers need of the world around them: the API server's, or the one that `eventroute local` makes. */
export interface World {
  /** Reads a Secret; undefined when there is none. Throws when it cannot be told. */
  readonly secret: (key: ObjectKey) => Promise<SecretData | undefined>;
  /** Reads the labels of a namespace; none when there is no such namespace. */
  readonly namespaceLabels: (namespace: string) => Promise<Readonly<Record<string, string>>>;
  /** Writes an object's status; `gone` when the object is no longer there. Throws when it should be tried again. */
  readonly writeStatus: (object: CustomResource, status: object) => Promise<'written' | 'gone'>;
  /** Tells the users of an object what happened to it. */
  readonly recordEvent: (object: CustomResource, event: OwnEvent) => void;
}
