/** The object that an Event is about, with what a look-up of the live object added. */
export interface InvolvedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly fieldPath: string;
  /** From the live object; undefined when it was not looked up or could not be. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences: readonly OwnerReference[];
  /** The live object is being deleted, or is gone. */
  readonly deleted: boolean;
}

/** A metav1.OwnerReference. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/**
 * One core/v1 Event, read through its fields. They are decoded when first asked for, so that an Event that no rule
 * wants stays cheap; whether it came as JSON or protobuf is known to its source alone. Absent text is `''`, absent
 * numbers are 0.
 */
export interface ClusterEvent {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly action: string;
  /** `count`, or `series.count` for Events that were born in events.k8s.io. */
  readonly count: number;
  readonly component: string;
  readonly host: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly involvedObject: InvolvedObject;
  /** Labels of the namespace of the involved object; undefined when they were not looked up. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  readonly clusterName: string;
  /**
   * The whole Event as plain data with JSON names: the exporter's document (metadata without managedFields,
   * `clusterName`, the enriched `involvedObject`). Shared: never change it.
   */
  readonly data: Readonly<Record<string, unknown>>;
}
