import { DeliveryError, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';

const usual = 'P3';

/** Gives the priority of an event's alert. */
export type PriorityOf = (event: SinkEvent) => string;

/**
 * Checks and compiles the priority. An alert does not get lost over it: where the template gives none, P3 is used, and a
 * warning says so once.
 * @throws DeliveryError (permanent, InvalidConfig) when it is none for every event.
 */
export function compilePriority(
  template: TextTemplate | undefined,
  warn: (message: string) => void,
): PriorityOf {
  if (template === undefined) return () => usual;
  if (template.constant !== undefined && priorityOf(template.constant) === undefined) {
    throw DeliveryError.permanent(
      `priority is ${JSON.stringify(template.constant)}, not one of P1, P2, P3, P4 and P5`,
      'InvalidConfig',
    );
  }
  let isWarned = false;
  return (event) => {
    const rendered = template.render(event);
    const priority = priorityOf(rendered);
    if (priority !== undefined) return priority;
    if (!isWarned) {
      warn(
        `priority gave ${JSON.stringify(rendered.slice(0, 40))} for an event, not one of P1 to P5; ${usual} was used`,
      );
    }
    isWarned = true;
    return usual;
  };
}

function priorityOf(text: string): string | undefined {
  const priority = text.trim().toUpperCase();
  return /^P[1-5]$/.test(priority) ? priority : undefined;
}
