import { LimitError } from './template-error.ts';

/** What one rendering of a template may use; each limit has its own error. */
export interface TemplateLimits {
  /** Actions, loop turns, function calls and items looked at, all together. @default 200000 */
  readonly maxSteps: number;
  /** Bytes of the output, and of any single value on the way. @default 1048576 */
  readonly maxBytes: number;
  /** Nested `template` calls, and nesting of values that are printed or copied. @default 100 */
  readonly maxDepth: number;
}

/** The limits of a template that sets none. */
export const defaultLimits: TemplateLimits = { maxSteps: 200_000, maxBytes: 1_048_576, maxDepth: 100 };

/** Bytes that cost as much as one step, so that long texts use up steps too. */
const bytesPerStep = 256;

/** Counts what one rendering uses and stops it at its limits. */
export class Budget {
  readonly limits: TemplateLimits;
  #steps = 0;

  constructor(limits: TemplateLimits) {
    this.limits = limits;
  }

  /** Takes a number of steps. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.limits.maxSteps) {
      throw new LimitError(`template needs more than ${this.limits.maxSteps} steps (limit maxSteps)`);
    }
  }

  /** Takes the steps of a text and refuses one that is too long. */
  text(length: number): void {
    this.grow(length, length);
    this.spend(1);
  }

  /** Takes the steps of a piece that makes a text longer. */
  grow(length: number, added: number): void {
    if (length > this.limits.maxBytes) {
      throw new LimitError(
        `template makes a text of more than ${this.limits.maxBytes} bytes (limit maxBytes)`,
      );
    }
    this.spend(added / bytesPerStep);
  }

  /** Refuses nesting that is too deep. */
  depth(depth: number): void {
    if (depth > this.limits.maxDepth) {
      throw new LimitError(`template nests more than ${this.limits.maxDepth} deep (limit maxDepth)`);
    }
  }
}
