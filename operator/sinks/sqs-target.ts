import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';

import { DeliveryError } from '../sink-kit/index.ts';
import { type BatchAnswer } from './aws-batch.ts';
import { type AwsClient } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { type AwsPlace } from './aws-error.ts';
import { type Queue } from './sqs-queue.ts';

/** A queue that messages can be sent to. */
export interface SqsTarget {
  readonly place: AwsPlace;
  send(entries: SendMessageBatchRequestEntry[], signal: AbortSignal): Promise<BatchAnswer>;
  check(signal: AbortSignal): Promise<void>;
}

/** Makes the target that a queue is; its URL is looked up when it is first needed, and again after the queue was not found. */
export function createSqsTarget(
  aws: AwsClient<SQSClient>,
  queue: Queue,
  warn: (message: string) => void,
): SqsTarget {
  const describe = createDescribe('sqs:GetQueueAttributes', warn);
  const target = `queue "${queue.name}"`;
  let known = queue.url;

  const lookUp = async (signal: AbortSignal): Promise<string> => {
    const command = new GetQueueUrlCommand({
      QueueName: queue.name,
      ...(queue.owner !== undefined && { QueueOwnerAWSAccountId: queue.owner }),
    });
    const { QueueUrl } = await aws.call((client, options) => client.send(command, options), {
      signal,
      target,
    });
    if (QueueUrl === undefined) {
      throw DeliveryError.retry(`${aws.host} told no URL of ${target}: check the endpoint`, 'ServerError');
    }
    return (known = QueueUrl);
  };

  const put = async (entries: SendMessageBatchRequestEntry[], signal: AbortSignal): Promise<BatchAnswer> => {
    const command = new SendMessageBatchCommand({
      QueueUrl: known ?? (await lookUp(signal)),
      Entries: entries,
    });
    return aws.call((client, options) => client.send(command, options), { signal, target });
  };

  return {
    place: { host: aws.host, target },
    send: async (entries, signal) => {
      try {
        return await put(entries, signal);
      } catch (error) {
        if (error instanceof DeliveryError && error.reason === 'TargetNotFound') known = queue.url;
        throw error;
      }
    },
    check: async (signal) => {
      const QueueUrl = queue.url ?? (await lookUp(signal));
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
      await describe(() => aws.call((client, options) => client.send(command, options), { signal, target }));
    },
  };
}
