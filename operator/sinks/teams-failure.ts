import { DeliveryError, failureOfResponse, type HttpResponse } from '../sink-kit/index.ts';

/** Workflows that are switched off or gone, whatever the status they are told with. */
const noWorkflow = /\b(WorkflowTriggerIsNotEnabled|WorkflowNotFound|WorkflowTriggerNotFound)\b/;

/** Tells what an answer of Teams means; undefined when the message was taken. */
export function teamsFailure(response: HttpResponse): DeliveryError | undefined {
  const said = explain(response.bodyText);
  const failure = failureOfResponse({ ...response, status: trueStatus(response), bodyText: said });
  if (failure !== undefined && noWorkflow.test(said)) {
    return DeliveryError.retry(
      `${failure.message}; switch the workflow on, or make another`,
      'TargetNotFound',
    );
  }
  return failure;
}

/** Old connectors answer 200 to what Teams then refused, and tell the true status in the text. */
function trueStatus({ status, bodyText }: HttpResponse): number {
  if (status >= 300) return status;
  const told = /returned HTTP error (\d{3})\b/.exec(bodyText)?.[1];
  if (told !== undefined) return Number(told);
  return /^\s*Webhook message delivery failed/i.test(bodyText) ? 500 : status;
}

/** Workflows tell what is wrong as `{"error": {"code", "message"}}`. */
function explain(bodyText: string): string {
  try {
    const { error } = JSON.parse(bodyText) as { error?: { code?: unknown; message?: unknown } };
    const parts = [error?.code, error?.message].filter((part) => typeof part === 'string');
    return parts.length === 0 ? bodyText : parts.join(': ');
  } catch {
    return bodyText;
  }
}
