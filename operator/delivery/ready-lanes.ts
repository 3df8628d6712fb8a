import { createHeap, type Heap, type Heapable } from './heap.ts';

/**
 * Where an entry stands with the rate limit: a `fresh` one has not passed it and may be held back, a `patient` one waits
 * for it, an `admitted` one has passed it once and for all.
 */
export type Admission = 'fresh' | 'patient' | 'admitted';

/** The lanes of a queue whose first entry may be taken, by rank. */
export interface ReadyLanes<Lane extends Heapable> {
  /** The first entry of a lane has not passed the rate limit. */
  readonly hasWaiting: boolean;
  push(lane: Lane, admission: Admission): void;
  /** Takes the first lane out. */
  take(admission: Admission | 'any'): Lane | undefined;
  /** Takes a lane out; one that is not here is left alone. */
  remove(lane: Lane): void;
  clear(): void;
}

/** Creates an empty set of lanes. */
export function createReadyLanes<Lane extends Heapable>(): ReadyLanes<Lane> {
  return new HeapedLanes();
}

/** Each admission has a heap of its own, so that a retry need not wait behind what waits for the rate limit. */
class HeapedLanes<Lane extends Heapable> implements ReadyLanes<Lane> {
  readonly fresh = createHeap<Lane>();
  readonly patient = createHeap<Lane>();
  readonly admitted = createHeap<Lane>();

  get hasWaiting(): boolean {
    return this.fresh.size > 0 || this.patient.size > 0;
  }

  push(lane: Lane, admission: Admission): void {
    this[admission].push(lane);
  }

  take(admission: Admission | 'any'): Lane | undefined {
    const heap = admission === 'any' ? this.#first() : this[admission];
    const lane = heap.peek();
    if (lane !== undefined) heap.remove(lane);
    return lane;
  }

  #first(): Heap<Lane> {
    const { fresh, patient, admitted } = this;
    if (patient.size === 0 && admitted.size === 0) return fresh;
    const first = rankOf(patient) < rankOf(fresh) ? patient : fresh;
    return rankOf(admitted) < rankOf(first) ? admitted : first;
  }

  remove(lane: Lane): void {
    this.fresh.remove(lane);
    this.patient.remove(lane);
    this.admitted.remove(lane);
  }

  clear(): void {
    this.fresh.drain();
    this.patient.drain();
    this.admitted.drain();
  }
}

function rankOf(heap: Heap<Heapable>): number {
  return heap.peek()?.rank ?? Infinity;
}
