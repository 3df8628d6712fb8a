import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

import { type Moto } from './moto.ts';

/** A queue for tests to read. */
export interface Queue {
  readonly url: string;
  readonly arn: string;
  /** Receives and deletes all that is there. */
  readonly receive: () => Promise<Message[]>;
}

/** Makes a queue and a reader of it. */
export async function createQueue(sqs: SQSClient, name: string): Promise<Queue> {
  const isFifo = name.endsWith('.fifo');
  const Attributes: Record<string, string> = isFifo ? { FifoQueue: 'true' } : {};
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const described = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  const receive = async (): Promise<Message[]> => {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
          WaitTimeSeconds: 0,
        }),
      );
      if (Messages.length === 0) return all;
      all.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    }
  };
  return { url, arn: described.Attributes?.QueueArn ?? '', receive };
}

/** Makes a client of SQS that may do everything. */
export function sqsOf({ admin }: Pick<Moto, 'admin'>): SQSClient {
  return new SQSClient(admin);
}

/** Makes a reader of what has come into a stream since it was last asked. */
export async function createStreamReader(
  kinesis: KinesisClient,
  name: string,
): Promise<() => Promise<Uint8Array[]>> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: name }));
  const iterators = await Promise.all(
    Shards.map(async ({ ShardId }) => {
      const command = new GetShardIteratorCommand({
        StreamName: name,
        ShardId,
        ShardIteratorType: 'TRIM_HORIZON',
      });
      return (await kinesis.send(command)).ShardIterator;
    }),
  );
  return async () => {
    const found: Uint8Array[] = [];
    for (const [index] of iterators.entries()) {
      for (let count = 1; count > 0;) {
        const answer = await kinesis.send(
          new GetRecordsCommand({ ShardIterator: iterators[index], Limit: 1_000 }),
        );
        iterators[index] = answer.NextShardIterator;
        count = answer.Records?.length ?? 0;
        found.push(...(answer.Records ?? []).flatMap(({ Data }) => Data ?? []));
      }
    }
    return found;
  };
}

/** Makes a reader of the files that have come into a bucket since it was last asked. */
export function createBucketReader(s3: S3Client, bucket: string): () => Promise<string[]> {
  const read = new Set<string>();
  return async () => {
    const texts: string[] = [];
    let token: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
      for (const { Key = '' } of page.Contents ?? []) {
        if (read.has(Key)) continue;
        read.add(Key);
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
        texts.push((await Body?.transformToString()) ?? '');
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return texts;
  };
}
